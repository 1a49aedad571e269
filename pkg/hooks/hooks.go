// Package hooks asks and tells other programs over HTTP.
package hooks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// A Hook is an address that requests go to.
type Hook struct {
	URL    string
	Format Format
	Secret []byte        // signs requests; none leaves them unsigned
	Limit  time.Duration // how long a request may take
	Client *http.Client  // must not follow redirects, which are answers (see NewClient)
	Now    func() time.Time
}

// NewClient returns a client that does not follow redirects.
func NewClient() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// A body is what is posted.
type body struct {
	kind    string // Content-Type
	content []byte
}

// An answer is what came back.
type answer struct {
	status   int
	location string
	content  []byte
}

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 64 << 10

// post sends a body. An error says that there is no answer.
func (h *Hook) post(ctx context.Context, b body) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, h.Limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(b.content))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", b.kind)
	req.Header.Set("User-Agent", "sluice")
	h.sign(req, b.content)
	res, err := h.Client.Do(req)
	if err != nil {
		return answer{}, plain(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer{}, plain(err)
	}
	return answer{res.StatusCode, res.Header.Get("Location"), content}, nil
}

// plain returns an error without the URL, in which there may be a secret.
func plain(err error) error {
	var in interface{ Unwrap() error }
	if errors.As(err, &in) && in.Unwrap() != nil {
		err = in.Unwrap()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("it did not answer in time")
	}
	return err
}

// sign signs a request as Standard Webhooks (standardwebhooks.com) have it.
func (h *Hook) sign(req *http.Request, content []byte) {
	if h.Secret == nil {
		return
	}
	id, at := "msg_"+rand.Text(), strconv.FormatInt(h.Now().Unix(), 10)
	mac := hmac.New(sha256.New, h.Secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, content)
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
