package origin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sluice/pkg/store"
)

// Content types.
const (
	typeHLS  = "application/vnd.apple.mpegurl"
	typeDASH = "application/dash+xml"
	typeTS   = "video/mp2t"
	typeText = "text/plain; charset=utf-8"
	typeJSON = "application/json"
)

// An entity is what is said of content.
type entity struct {
	kind  string // Content-Type
	cache string // Cache-Control
	tag   string // ETag
}

// strong returns a strong entity tag.
func strong(name string) string { return `"` + name + `"` }

// digest returns a name for content, made from its bytes.
func digest(content ...[]byte) string {
	sum := sha256.New()
	for _, piece := range content {
		sum.Write(piece)
	}
	return hex.EncodeToString(sum.Sum(nil)[:12])
}

// serve answers with content, or the part of it or the 304 that the request
// asks for. A request for several ranges at once gets the whole: no player
// makes one, and each range would cost more than it asks for. One for the last 0
// bytes cannot be satisfied (RFC 9110 14.1.2), which net/http does not know.
func serve(w http.ResponseWriter, r *http.Request, e entity, content io.ReadSeeker) {
	switch asked := r.Header.Get("Range"); {
	case strings.Contains(asked, ","):
		r.Header.Del("Range")
	case strings.TrimLeft(strings.TrimPrefix(asked, "bytes=-"), "0") == "" && strings.HasPrefix(asked, "bytes=-0"):
		r.Header.Set("Range", "bytes="+strconv.FormatInt(math.MaxInt64, 10)+"-")
	}
	e.describe(w.Header())
	if _, file := content.(syscall.Conn); !file || r.ProtoMajor != 1 || r.TLS != nil { // the system cannot send it by itself
		w = frugal{w, r.ProtoMajor != 1 || r.TLS != nil}
	}
	http.ServeContent(w, r, "", time.Time{}, content)
}

// A frugal is an answer that net/http would copy through two buffers of 32 KB, which
// it holds while a client is slow. What is in memory needs none, and where frames, or
// records of TLS, have 16 KB one of that size will do.
type frugal struct {
	http.ResponseWriter
	framed bool
}

// ReadFrom implements io.ReaderFrom.
func (f frugal) ReadFrom(from io.Reader) (int64, error) {
	size := int64(32 << 10)
	if f.framed {
		size = 16 << 10
	}
	if limited, ok := from.(*io.LimitedReader); ok {
		if there, ok := limited.R.(store.Bytes); ok {
			return there.CopyN(f.ResponseWriter, limited.N)
		}
		size = max(min(size, limited.N), 1)
	}
	return io.CopyBuffer(struct{ io.Writer }{f.ResponseWriter}, from, make([]byte, size))
}

// Unwrap is for http.ResponseController.
func (f frugal) Unwrap() http.ResponseWriter { return f.ResponseWriter }

func (e entity) describe(h http.Header) {
	all := [...]string{e.kind, e.cache, e.tag} // which is one allocation, and Set makes one each
	h["Content-Type"], h["Cache-Control"], h["Etag"] = all[0:1:1], all[1:2:2], all[2:3:3]
}

// fail answers a request with the status that an error stands for, and logs
// what is a fault of ours. A client that has gone is told nothing.
func (o *Origin) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, errParked):
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrName):
		refuse(w, http.StatusNotFound)
	case errors.Is(err, errEarly):
		refuseNow(w, http.StatusNotFound)
	case errors.Is(err, errDirectives):
		refuse(w, http.StatusBadRequest)
	case errors.Is(err, errLate), errors.Is(err, ErrClosing), errors.Is(err, store.ErrHangs):
		refuseNow(w, http.StatusServiceUnavailable)
	case errors.Is(err, context.Canceled):
		abort()
	default:
		o.faults.Error().Err(err).Str("path", r.URL.Path).Msg("request failed")
		refuse(w, http.StatusInternalServerError)
	}
}

// abort ends an answer so that nobody takes it for whole: the connection is
// closed, or the stream of HTTP/2 reset.
func abort() {
	panic(http.ErrAbortHandler) //nolint:forbidigo // how net/http is told to cut an answer off
}

// refuse answers with a status and its name.
func refuse(w http.ResponseWriter, status int) { refuseFor(w, status, cacheFor(negative)) }

// refuseAs does so with a sentence that says why.
func refuseAs(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Cache-Control", cacheFor(negative))
	http.Error(w, http.StatusText(status)+": "+why, status)
}

// refuseNow does so where what was asked for may be there the next moment.
func refuseNow(w http.ResponseWriter, status int) { refuseFor(w, status, never) }

func refuseFor(w http.ResponseWriter, status int, cache string) {
	w.Header().Set("Cache-Control", cache)
	http.Error(w, http.StatusText(status), status)
}
