package push

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// A target is where a clip is published.
type target struct {
	address string // host:port to connect to
	secure  bool   // with TLS
	base    string // "rtmp[s]://host[:port]/app/name", as it was given
	query   string // "?token=secret", or empty
}

// CheckURL returns what is wrong with a URL to publish at, nil if it is right.
func CheckURL(text string) error {
	_, err := parseTarget(text)
	return err
}

// parseTarget reads rtmp://host[:port]/app/name[?query], or the same with rtmps://.
func parseTarget(text string) (target, error) {
	base, query, asked := strings.Cut(text, "?")
	if asked {
		query = "?" + query
	}
	u, err := url.Parse(base)
	if err != nil {
		var parseError *url.Error
		if errors.As(err, &parseError) {
			err = parseError.Err
		}
		return target{}, fmt.Errorf("%s: %w", base, err)
	}
	app, name, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	switch {
	case u.Scheme != "rtmp" && u.Scheme != "rtmps":
		return target{}, fmt.Errorf("%s: not an rtmp:// or rtmps:// address", base)
	case u.Hostname() == "":
		return target{}, fmt.Errorf("%s: no host", base)
	case app == "" || name == "":
		return target{}, fmt.Errorf("%s: want rtmp://host/app/name", base)
	case u.User != nil:
		return target{}, fmt.Errorf("%s: a user name cannot be sent", u.Redacted())
	}
	secure, port := u.Scheme == "rtmps", u.Port()
	switch {
	case port != "":
	case secure:
		port = "443"
	default:
		port = "1935"
	}
	return target{net.JoinHostPort(u.Hostname(), port), secure, base, query}, nil
}

// String returns the target without its query, which may hold a secret.
func (t target) String() string { return t.base }

// url returns the whole address.
func (t target) url() string { return t.base + t.query }

// plain returns the whole address without a word of TLS, of which gomedia knows nothing.
func (t target) plain() string {
	_, rest, _ := strings.Cut(t.url(), "://")
	return "rtmp://" + rest
}

// name returns the stream's name, with the query.
func (t target) name() string {
	_, rest, _ := strings.Cut(t.base, "://")
	_, path, _ := strings.Cut(rest, "/")
	_, name, _ := strings.Cut(path, "/")
	return name + t.query
}

// numbered returns the address of the n-th of several streams.
func (t target) numbered(n int) string {
	if n == 1 {
		return t.url()
	}
	return t.base + "-" + strconv.Itoa(n) + t.query
}
