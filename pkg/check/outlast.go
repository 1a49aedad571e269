package check

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"syscall"
	"time"
)

// How a patient client waits for a server that is away.
const (
	awayPause = 100 * time.Millisecond // before it asks again
	awayTime  = 2 * time.Minute        // for so long; then it is a fault
)

// An outlast asks again while a server is away. A nil one asks once.
type outlast struct {
	until time.Time // behind that nothing is asked twice
}

// ask asks until there is an answer of a server that is there.
func (o *outlast) ask(ctx context.Context, once func() (*answer, error)) (*answer, error) {
	a, err := once()
	if o == nil {
		return a, err
	}
	var begun []byte // of the longest body that broke off
	for until := time.Now().Add(awayTime); away(a, err); a, err = once() {
		if err == nil && a.cut != nil && len(a.body) > len(begun) {
			begun = a.body
		}
		if time.Now().After(o.until) || time.Now().After(until) || !pause(ctx, awayPause) {
			return a, err
		}
	}
	if err == nil && a.ok() && !bytes.HasPrefix(a.body, begun) {
		a.broke = begun
	}
	return a, err
}

// away reports whether an answer, or that there is none, means that the server
// or what it waits for is not there now.
func away(a *answer, err error) bool {
	if err == nil && a.cut == nil {
		return a.status == http.StatusServiceUnavailable
	}
	if err == nil {
		err = a.cut
	}
	for _, is := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}
