package check

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// What a server can make us hold.
const (
	maxText      = 4 << 20  // of a playlist or MPD
	maxMedia     = 32 << 20 // of a segment
	maxTotal     = 4 << 30  // of all bodies within budgetTime
	maxArrivals  = 4096     // instants noted of one body
	maxRedirects = 5
)

// requestTimeout is how long an answer may take when nothing says that it is
// held back.
const requestTimeout = 10 * time.Second

// budgetTime is how long it takes until a server may send maxTotal again: a
// watch of many hours reads more than one of seconds, at the same rate.
const budgetTime = time.Hour

// origin is who asks, as a player in a page would.
const origin = "https://player.example"

var (
	errTooLarge = errors.New("the body is larger than any player would take")
	errBudget   = errors.New("the server has sent more than the check is willing to read")
)

// A client asks a server and notes what comes when. It holds no more than the
// limits above allow.
type client struct {
	http    *http.Client
	outlast *outlast // nil when a server that is away is a fault
	witness *witness // nil when nothing is asked for twice

	mu    sync.Mutex
	total int64 // bytes of bodies since
	since time.Time
}

func newClient(transport http.RoundTripper) *client {
	return &client{since: time.Now(), http: &http.Client{
		Transport: transport,
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			return nil
		},
	}}
}

// A query is what a client asks.
type query struct {
	url     string
	method  string            // GET if empty
	header  map[string]string // beside the usual
	text    bool              // a playlist or MPD: may come compressed
	limit   int64             // of the body; by text if 0
	timeout time.Duration     // requestTimeout if 0
}

// An arrival is how much of a body had come at an instant.
type arrival struct {
	at    time.Time
	total int // bytes of the body
}

// An answer is what came.
type answer struct {
	url      string // where it came from in the end
	status   int
	header   http.Header
	length   int64 // Content-Length, -1 if none was said
	body     []byte
	encoding string // in which the body came
	redirect bool
	http2    bool // or newer

	sent     time.Time // the request was about to go
	replied  time.Time // the header was there
	done     time.Time // the last byte was there
	arrivals []arrival
	cut      error  // why the body ended early, nil if it did not
	broke    []byte // what had come of an earlier answer that broke off, if this one does not begin with it
}

// ok reports whether the whole of a resource came.
func (a *answer) ok() bool {
	return (a.status == http.StatusOK || a.status == http.StatusPartialContent) && a.cut == nil
}

// problem says why an answer is of no use.
func (a *answer) problem() string {
	if a.cut != nil {
		return fmt.Sprintf("status %d, and the body broke off after %d bytes: %v", a.status, len(a.body), a.cut)
	}
	return fmt.Sprintf("status %d", a.status)
}

// at returns when the first n bytes of the body were there.
func (a *answer) at(n int) time.Time {
	for _, r := range a.arrivals {
		if r.total >= n {
			return r.at
		}
	}
	return a.done
}

// get asks and reads the answer. An error means that there was none. A patient
// client asks again while the server is away.
func (c *client) get(ctx context.Context, q query) (*answer, error) {
	a, err := c.outlast.ask(ctx, func() (*answer, error) { return c.once(ctx, q) })
	if err == nil && !q.text {
		c.witness.look(q, a)
	}
	return a, err
}

// once asks once.
func (c *client) once(ctx context.Context, q query) (*answer, error) {
	if q.timeout == 0 {
		q.timeout = requestTimeout
	}
	if q.limit == 0 {
		q.limit = maxMedia
		if q.text {
			q.limit = maxText
		}
	}
	if q.method == "" {
		q.method = http.MethodGet
	}
	ctx, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, q.method, q.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Origin", origin)
	request.Header.Set("User-Agent", "sluice-check")
	if q.text {
		request.Header.Set("Accept-Encoding", "gzip")
	} else {
		request.Header.Set("Accept-Encoding", "identity")
	}
	for name, value := range q.header {
		request.Header.Set(name, value)
	}
	a := &answer{sent: time.Now()}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	a.replied = time.Now()
	a.url, a.status, a.header, a.length = response.Request.URL.String(), response.StatusCode, response.Header, response.ContentLength
	a.redirect, a.http2 = a.url != request.URL.String(), response.ProtoMajor >= 2
	a.encoding = strings.ToLower(response.Header.Get("Content-Encoding"))
	a.body, a.cut = c.read(response.Body, q.limit, a)
	a.done = time.Now()
	if a.encoding == "gzip" && q.method != http.MethodHead && a.cut == nil && len(a.body) > 0 {
		a.body, a.cut = inflate(a.body, q.limit)
	}
	return a, nil
}

// read reads a body up to limit and notes when its bytes came.
func (c *client) read(r io.Reader, limit int64, a *answer) ([]byte, error) {
	var body bytes.Buffer
	piece := make([]byte, 32<<10)
	for {
		n, err := r.Read(piece)
		body.Write(piece[:n])
		if n > 0 && len(a.arrivals) < maxArrivals {
			a.arrivals = append(a.arrivals, arrival{time.Now(), body.Len()})
		}
		switch {
		case errors.Is(err, io.EOF):
			return body.Bytes(), nil
		case err != nil:
			return body.Bytes(), err
		case int64(body.Len()) > limit:
			return body.Bytes()[:limit], errTooLarge
		case !c.spend(n):
			return body.Bytes(), errBudget
		}
	}
}

// spend counts bytes of a body. It returns false when there are too many.
func (c *client) spend(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.since) > budgetTime {
		c.since, c.total = now, 0
	}
	c.total += int64(n)
	return c.total <= maxTotal
}

// inflate undoes gzip, up to limit.
func inflate(data []byte, limit int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(out)) > limit {
		return nil, errTooLarge
	}
	return out, nil
}

// resolve returns the address that a reference in the text at base means.
func resolve(base, reference string) (string, error) {
	b, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	r, err := b.Parse(reference)
	if err != nil {
		return "", err
	}
	if r.Scheme != "http" && r.Scheme != "https" {
		return "", fmt.Errorf("%q is no HTTP address", clip(r.String()))
	}
	return r.String(), nil
}

// withQuery returns an address with one more query, given as "a=b&c=d".
func withQuery(address, added string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	if u.RawQuery != "" {
		added = u.RawQuery + "&" + added
	}
	u.RawQuery = added
	return u.String()
}

// beside returns the address of a file in the same folder that nobody made.
func beside(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	folder, file := u.Path[:strings.LastIndexByte(u.Path, '/')+1], u.Path[strings.LastIndexByte(u.Path, '/')+1:]
	u.Path = folder + "sluice-check-no-such-" + file
	u.RawPath = ""
	return u.String()
}
