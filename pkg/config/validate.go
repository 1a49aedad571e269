package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Validate returns an *Error for the first setting that is wrong, alone or
// beside another one. The error names where the value came from; when two do
// not go together it names the one that is not a default.
func (c Config) Validate() error {
	for _, r := range slices.Concat(c.rules(), c.tlsRules()) {
		if r.reason != "" {
			return c.blame(r.reason, r.keys...)
		}
	}
	return nil
}

// A rule is broken if it has a reason: the value of one of keys is wrong.
type rule struct {
	reason string
	keys   []string
}

func (c Config) rules() []rule {
	return []rule{
		{address(c.RTMP.Address), []string{"rtmp.address"}},
		{within(c.RTMP.HandshakeTimeout, 100*time.Millisecond, time.Minute), []string{"rtmp.handshake_timeout"}},
		{within(c.RTMP.PublishTimeout, 100*time.Millisecond, 5*time.Minute), []string{"rtmp.publish_timeout"}},
		{within(c.RTMP.IdleTimeout, 100*time.Millisecond, time.Hour), []string{"rtmp.idle_timeout"}},
		{within(c.RTMP.MaxConnections, 1, 1_000_000), []string{"rtmp.max_connections"}},
		{address(c.HTTP.Address), []string{"http.address"}},
		{optional(c.API.Address, address), []string{"api.address"}},
		{guarded(c.API), []string{"api.token_file", "api.address"}},
		{sameAddress(c.API.Address, c.HTTP.Address, "the API and HTTP"), []string{"api.address", "http.address"}},
		{sameAddress(c.API.Address, c.RTMP.Address, "the API and RTMP"), []string{"api.address", "rtmp.address"}},
		{oneJWT(c.Publish.JWT), []string{"publish.jwt.key_set", "publish.jwt.public_key_file", "publish.jwt.secret_file", "publish.jwt.audience", "publish.jwt.issuer"}},
		{webAddress(c.Publish.JWT.KeySet), []string{"publish.jwt.key_set"}},
		{webAddress(c.Publish.Webhook.URL), []string{"publish.webhook.url"}},
		{within(c.Publish.Webhook.Timeout, 100*time.Millisecond, time.Minute), []string{"publish.webhook.timeout"}},
		{oneJWT(c.Watch.JWT), []string{"watch.jwt.key_set", "watch.jwt.public_key_file", "watch.jwt.secret_file", "watch.jwt.audience", "watch.jwt.issuer"}},
		{webAddress(c.Watch.JWT.KeySet), []string{"watch.jwt.key_set"}},
		{networks(c.Watch.Trusted), []string{"watch.trusted"}},
		{sameAddress(c.HTTP.Address, c.RTMP.Address, "RTMP and HTTP"), []string{"http.address", "rtmp.address"}},
		{pathNeeded(c.Store), []string{"store.path", "store.type"}},
		{within(c.Limits.Publishers, 0, 1_000_000), []string{"limits.publishers"}},
		{within(c.Limits.Streams, 0, 1_000_000), []string{"limits.streams"}},
		{within(c.Limits.Memory, MiB, 1024*GiB), []string{"limits.memory"}},
		{within(c.Limits.Disk, 0, 1024*1024*GiB), []string{"limits.disk"}},
		{within(c.Limits.DiskFree, 0, 1024*1024*GiB), []string{"limits.disk_free"}},
		{within(c.Limits.StreamMemory, 0, 1024*GiB), []string{"limits.stream_memory"}},
		{within(c.Limits.StreamDisk, 0, 1024*1024*GiB), []string{"limits.stream_disk"}},
		{within(c.Segment.Duration, 500*time.Millisecond, 30*time.Second), []string{"segment.duration"}},
		{within(c.Segment.Part, 100*time.Millisecond, time.Second), []string{"segment.part"}},
		{within(c.Segment.Max, time.Second, time.Minute), []string{"segment.max"}},
		{atMost(c.Segment.Part, c.Segment.Duration, "segment.duration"), []string{"segment.part", "segment.duration"}},
		{within(c.DASH.Chunk, 0, time.Second), []string{"dash.chunk"}},
		{atMost(c.DASH.Chunk, c.Segment.Part, "segment.part"), []string{"dash.chunk", "segment.part"}},
		{atLeast(c.Segment.Max, c.Segment.Duration, 1, "segment.duration"), []string{"segment.max", "segment.duration"}},
		{within(c.Window.Duration, time.Second, 24*time.Hour), []string{"window.duration"}},
		// RFC 8216bis 6.2.2: no segment is removed while the window would
		// drop under three target durations, and those may reach segment.max.
		{atLeast(c.Window.Duration, c.Segment.Max, 3, "segment.max"), []string{"window.duration", "segment.max"}},
		{within(c.Stream.Linger, 0, 24*time.Hour), []string{"stream.linger"}},
		{within(c.Stream.Keep, 0, 24*time.Hour), []string{"stream.keep"}},
		{within(c.Stream.Failover, 200*time.Millisecond, time.Minute), []string{"stream.failover"}},
		{checkReceivers(c.Webhooks), []string{"webhooks"}},
		{within(c.TS.CacheBytes, MiB, 1024*GiB), []string{"ts.cache_bytes"}},
		{within(c.Stop.Delay, 0, 5*time.Minute), []string{"stop.delay"}},
	}
}

// blame makes the error for the first of keys that was set by somebody.
func (c Config) blame(reason string, keys ...string) error {
	for _, key := range keys {
		if origin, set := c.origins[key]; set {
			if key != keys[0] {
				reason = keys[0] + " does not go with it: " + reason
			}
			return &Error{Origin: origin, Key: key, Reason: reason}
		}
	}
	return &Error{Key: keys[0], Reason: reason}
}

func address(text string) string {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return fmt.Sprintf("%q is not an address such as :1935 or 127.0.0.1:1935", text)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Sprintf("%q is not a port, in %q", port, text)
	}
	return ""
}

// optional judges what is not empty.
func optional(text string, judge func(string) string) string {
	if text == "" {
		return ""
	}
	return judge(text)
}

// guarded says what is missing of an API that is on.
func guarded(a API) string {
	if a.Address != "" && a.TokenFile == "" {
		return "the API needs a token: a file that holds one"
	}
	return ""
}

// sameAddress lets port 0 pass: the system chooses another one each time.
func sameAddress(a, b, both string) string {
	if _, port, _ := net.SplitHostPort(a); a == b && port != "0" {
		return fmt.Sprintf("%s is the address of both %s", a, both)
	}
	return ""
}

// oneJWT says what is wrong where two things say how tokens are signed, or nothing does.
func oneJWT(j JWT) string {
	n := 0
	for _, way := range []string{j.SecretFile, j.PublicKeyFile, j.KeySet} {
		if way != "" {
			n++
		}
	}
	switch {
	case n > 1:
		return "there is one of secret_file, public_key_file and key_set"
	case n == 0 && (j.Audience != "" || j.Issuer != ""):
		return "there is one of secret_file, public_key_file and key_set, or else no token is checked"
	}
	return ""
}

// webAddress says what is wrong with a URL that is not empty. It does not repeat it, as there may be a secret in it.
func webAddress(text string) string {
	if u, err := url.Parse(text); text != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		return "this is not a URL such as https://example.com/path"
	}
	return ""
}

// Names reads a list of names with commas between.
func Names(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// Networks reads a list of networks, or addresses, with commas between.
func Networks(text string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, one := range Names(text) {
		if addr, err := netip.ParseAddr(one); err == nil {
			all = append(all, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(one)
		if err != nil {
			return nil, fmt.Errorf("%q is not a network such as 192.0.2.0/24 or an address", one)
		}
		all = append(all, p)
	}
	return all, nil
}

func networks(text string) string {
	if _, err := Networks(text); err != nil {
		return err.Error()
	}
	return ""
}

func pathNeeded(s Store) string {
	if s.Type == Disk && s.Path == "" {
		return "a disk store needs a directory"
	}
	return ""
}

// quantity is what has bounds: numbers, time.Duration, Size.
type quantity interface{ ~int | ~int64 }

func within[T quantity](v, low, high T) string {
	if v < low || v > high {
		return fmt.Sprintf("%v is not within %v and %v", show(v), show(low), show(high))
	}
	return ""
}

func atMost(v, other time.Duration, name string) string {
	if v > other {
		return fmt.Sprintf("%v is more than %s, %v", show(v), name, show(other))
	}
	return ""
}

func atLeast(v, other time.Duration, times int, name string) string {
	switch {
	case v >= time.Duration(times)*other:
		return ""
	case times == 1:
		return fmt.Sprintf("%v is less than %s, %v", show(v), name, show(other))
	}
	return fmt.Sprintf("%v is less than %d times %s, %v", show(v), times, name, show(other))
}

// show makes a span of time as short as people write it.
func show(v any) any {
	if d, ok := v.(time.Duration); ok {
		return span{&d}
	}
	return v
}

// Fault returns the *Error for a setting that proved to be wrong in use, such
// as an address that is taken.
func (c Config) Fault(key string, err error) error {
	return c.blame(err.Error(), key)
}
