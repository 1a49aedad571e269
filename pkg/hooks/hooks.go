// Package hooks asks and tells other programs over HTTP.
//
// A Hook asks whether somebody may publish, and waits for the answer. A Receiver is told what happens to
// streams, from a queue of its own: nobody waits for that.
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
	"strings"
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

// NewClient returns a client that does not follow redirects, and takes answers with few header fields.
// Whoever is done with it closes its idle connections.
func NewClient() *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 2 * atATime, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second,
		},
	}
}

// ParseSecret returns the secret that is in a file: all of it but white space around it, or what it
// encodes in base64 behind "whsec_", as Standard Webhooks write secrets.
func ParseSecret(text []byte) ([]byte, error) {
	text = bytes.TrimSpace(text)
	if encoded, ok := strings.CutPrefix(string(text), "whsec_"); ok {
		secret, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, errors.New("what is behind whsec_ is not base64")
		}
		text = secret
	}
	if len(text) == 0 {
		return nil, errors.New("the secret is empty")
	}
	return text, nil
}

// A body is what is posted.
type body struct {
	kind    string // Content-Type
	content []byte
}

// newID returns the identifier of something that is posted.
func newID() string { return "msg_" + rand.Text() }

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
	res, err := h.send(ctx, b, newID())
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer{}, plain(err)
	}
	return answer{res.StatusCode, res.Header.Get("Location"), content}, nil
}

// send sends a body, and returns the response, whose body the caller closes.
func (h *Hook) send(ctx context.Context, b body, id string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(b.content))
	if err != nil {
		return nil, plain(err)
	}
	req.Header.Set("Content-Type", b.kind)
	req.Header.Set("User-Agent", "sluice")
	h.sign(req, b.content, id)
	res, err := h.Client.Do(req)
	if err != nil {
		return nil, plain(err)
	}
	return res, nil
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

// sign says what a request is, and signs it if there is a secret, as Standard Webhooks
// (standardwebhooks.com) have it.
func (h *Hook) sign(req *http.Request, content []byte, id string) {
	at := strconv.FormatInt(h.Now().Unix(), 10)
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", at)
	if h.Secret == nil {
		return
	}
	mac := hmac.New(sha256.New, h.Secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, content)
	req.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
