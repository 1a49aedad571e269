package check

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A class is what an answer should be.
type class int

const (
	multivariantText class = iota
	livePlaylist
	blockedPlaylist // asked for with _HLS_msn
	endedPlaylist
	liveManifest
	staticManifest
	initMedia
	segmentMedia
	partMedia
	growingMedia // a segment that is still being made
)

// String names the class, as counted in reports.
func (c class) String() string {
	switch c {
	case multivariantText:
		return "multivariant playlist"
	case livePlaylist, blockedPlaylist, endedPlaylist:
		return "playlist"
	case liveManifest, staticManifest:
		return "manifest"
	case initMedia:
		return "init segment"
	case partMedia:
		return "part"
	default:
		return "segment"
	}
}

func (c class) text() bool { return c <= staticManifest }

// judgeAnswer writes down the rules of HTTP that an answer breaks. span is the
// target duration, or minimumUpdatePeriod, of what it belongs to.
func judgeAnswer(a *answer, c class, span time.Duration, n notes) {
	judgeType(a, c, n)
	judgeEncoding(a, c, n)
	judgeCaching(a, c, span, n)
	if allowed := a.header.Get("Access-Control-Allow-Origin"); allowed != "*" && allowed != origin {
		n.broken("http/cors", 0, "Access-Control-Allow-Origin is %q", allowed)
	}
	if a.header.Get("Set-Cookie") != "" {
		n.broken("http/cookie", 0, "the answer sets a cookie")
	}
	if a.redirect {
		n.broken("http/redirect", 0, "the request ended at %s", a.url)
	}
	if a.header.Get("Date") == "" {
		n.broken("http/date", 0, "the answer has no Date")
	}
	if a.length < 0 && c != growingMedia && a.status == http.StatusOK && !a.http2 {
		n.broken("http/content-length", 0, "the answer has no Content-Length")
	}
}

func judgeType(a *answer, c class, n notes) {
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	ending := ""
	if u, e := url.Parse(a.url); e == nil {
		ending = strings.ToLower(path.Ext(u.Path))
	}
	var allowed []string
	switch c {
	case multivariantText, livePlaylist, blockedPlaylist, endedPlaylist:
		allowed = []string{"application/vnd.apple.mpegurl", "audio/mpegurl"}
		if ending == ".m3u8" {
			allowed = append(allowed, "application/x-mpegurl", "audio/x-mpegurl")
		}
	case liveManifest, staticManifest:
		allowed = []string{"application/dash+xml"}
	default:
		allowed = []string{"video/mp4", "audio/mp4", "application/mp4", "video/iso.segment", "audio/iso.segment", "text/vtt", "audio/aac"}
		if ending == ".ts" {
			allowed = []string{"video/mp2t"}
		}
	}
	if err != nil || !slices.Contains(allowed, strings.ToLower(kind)) {
		n.broken("http/content-type", 0, "Content-Type of a %s is %q", c, a.header.Get("Content-Type"))
	}
}

func judgeEncoding(a *answer, c class, n notes) {
	switch {
	case a.encoding != "" && a.encoding != "identity" && !c.text():
		n.broken("http/gzip-media", 0, "a %s comes in Content-Encoding %s", c, a.encoding)
	case a.encoding == "gzip" && !slices.ContainsFunc(a.header.Values("Vary"), func(v string) bool {
		return strings.Contains(strings.ToLower(v), "accept-encoding") || strings.TrimSpace(v) == "*"
	}):
		n.broken("http/gzip-vary", 0, "the answer comes in gzip, and Vary is %q", a.header.Get("Vary"))
	case a.encoding == "" && c.text() && len(a.body) > 1400: // more than one packet
		n.broken("http/gzip", 0, "%d bytes of text come uncompressed", len(a.body))
	}
}

// caching is what Cache-Control says.
type caching struct {
	text             string
	age              time.Duration // max-age, or s-maxage; -1 if not said
	forbidden        bool          // no-store, or private
	stale, immutable bool          // no-cache; immutable
}

func readCaching(h http.Header) caching {
	c := caching{text: strings.Join(h.Values("Cache-Control"), ", "), age: -1}
	for directive := range strings.SplitSeq(c.text, ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "max-age", "s-maxage":
			if seconds, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && (c.age < 0 || name == "s-maxage") {
				c.age = time.Duration(min(max(seconds, 0), maxSeconds)) * time.Second
			}
		case "no-store", "private":
			c.forbidden = true
		case "no-cache":
			c.stale = true
		case "immutable":
			c.immutable = true
		}
	}
	return c
}

// judgeCaching looks at Cache-Control.
func judgeCaching(a *answer, c class, span time.Duration, n notes) {
	said := readCaching(a.header)
	switch c {
	case livePlaylist, liveManifest:
		longest := max(span/2, time.Second)
		if said.age > longest && !said.forbidden && !said.stale {
			n.broken("http/cache-live", 0, "a live %s may be kept for %s, longer than %s", c, said.age, longest)
		}
		if said.immutable {
			n.broken("http/cache-live", 0, "a live %s is immutable", c)
		}
	case blockedPlaylist:
		if said.forbidden || said.stale || said.age < span {
			n.broken("http/cache-blocked", 0, "Cache-Control of a blocked playlist is %q: a cache cannot hold it", said.text)
		}
	case initMedia, segmentMedia, partMedia:
		if said.forbidden || said.stale || said.age >= 0 && said.age < span {
			n.broken("http/cache-media", 0, "Cache-Control of a %s is %q: a cache cannot hold it", c, said.text)
		} else if said.age < 0 && a.header.Get("Expires") == "" {
			n.broken("http/cache-media", 0, "a %s has neither Cache-Control: max-age nor Expires", c)
		}
	case growingMedia:
		if said.forbidden || said.stale {
			n.broken("http/cache-media", 0, "Cache-Control of a growing segment is %q: a cache cannot hold it", said.text)
		}
	case multivariantText, endedPlaylist, staticManifest:
	}
}

// probeHTTP asks in other ways for what was got.
func (w *watch) probeHTTP(ctx context.Context, a *answer, c class) {
	w.probeHead(ctx, a, c)
	w.probePreflight(ctx, a)
	if !c.text() {
		w.probeRange(ctx, a)
		w.probeRevalidation(ctx, a)
		w.probeMissing(ctx, a, c)
	}
}

func (w *watch) probeHead(ctx context.Context, a *answer, c class) {
	n := w.notes(a.url)
	head, err := w.client.get(ctx, query{url: a.url, method: http.MethodHead, text: c.text()})
	if err != nil {
		return
	}
	if head.status != http.StatusOK {
		n.broken("http/head", 0, "HEAD is answered %d, and GET %d", head.status, a.status)
		return
	}
	names := []string{"Content-Type", "Cache-Control", "Access-Control-Allow-Origin"}
	if !c.text() {
		names = append(names, "Content-Length", "Etag")
	}
	for _, name := range names {
		if got, want := head.header.Get(name), a.header.Get(name); got != want {
			n.broken("http/head", 0, "%s of HEAD is %q, and of GET %q", name, got, want)
		}
	}
}

func (w *watch) probePreflight(ctx context.Context, a *answer) {
	asked, err := w.client.get(ctx, query{url: a.url, method: http.MethodOptions, header: map[string]string{
		"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range",
	}})
	if err != nil {
		return
	}
	headers := strings.ToLower(asked.header.Get("Access-Control-Allow-Headers"))
	if asked.status/100 != 2 || !strings.Contains(headers, "range") && !strings.Contains(headers, "*") {
		w.notes(a.url).broken("http/preflight", 0, "OPTIONS for Range is answered %d with Access-Control-Allow-Headers %q",
			asked.status, asked.header.Get("Access-Control-Allow-Headers"))
	}
}

func (w *watch) probeRange(ctx context.Context, a *answer) {
	n := w.notes(a.url)
	if len(a.body) < 8 || a.status != http.StatusOK {
		return
	}
	half := len(a.body) / 2
	some, err := w.client.get(ctx, query{url: a.url, header: map[string]string{"Range": fmt.Sprintf("bytes=4-%d", half)}})
	switch {
	case err != nil:
	case some.status == http.StatusOK:
		n.broken("http/range", 0, "a request for bytes 4 to %d is answered 200", half)
	case some.status != http.StatusPartialContent:
		n.broken("http/range-wrong", 0, "a request for bytes 4 to %d is answered %d", half, some.status)
	case !bytes.Equal(some.body, a.body[4:half+1]) || !strings.HasPrefix(some.header.Get("Content-Range"), fmt.Sprintf("bytes 4-%d/", half)):
		n.broken("http/range-wrong", 0, "a request for bytes 4 to %d brought %d bytes and Content-Range %q", half, len(some.body), some.header.Get("Content-Range"))
	}
	past, err := w.client.get(ctx, query{url: a.url, header: map[string]string{"Range": "bytes=99999999999-"}})
	if err == nil && past.status != http.StatusRequestedRangeNotSatisfiable && past.status != http.StatusOK {
		n.broken("http/range-wrong", 0, "a request for bytes behind the end is answered %d", past.status)
	}
}

func (w *watch) probeRevalidation(ctx context.Context, a *answer) {
	n := w.notes(a.url)
	etag := a.header.Get("Etag")
	if etag == "" {
		n.broken("http/etag", 0, "there is no ETag")
		return
	}
	again, err := w.client.get(ctx, query{url: a.url, header: map[string]string{"If-None-Match": etag}})
	if err == nil && again.status != http.StatusNotModified {
		n.broken("http/etag", 0, "a request with If-None-Match is answered %d", again.status)
	}
}

// probeMissing asks for a file that is not there.
func (w *watch) probeMissing(ctx context.Context, a *answer, c class) {
	address := beside(a.url)
	n := w.notes(address)
	missing, err := w.client.get(ctx, query{url: address})
	switch {
	case err != nil:
		n.broken("http/not-found", 0, "a request for a %s that does not exist is not answered: %v", c, err)
		return
	case missing.status/100 != 4:
		n.broken("http/not-found", 0, "a request for a %s that does not exist is answered %d with %d bytes", c, missing.status, len(missing.body))
	case missing.done.Sub(missing.sent) > 2*time.Second:
		n.broken("http/not-found", 0, "a request for a %s that does not exist is answered after %s", c, missing.done.Sub(missing.sent))
	}
	if said := readCaching(missing.header); said.age > 5*time.Second && missing.status/100 == 4 {
		n.broken("http/cache-error", 0, "an answer %d may be kept for %s", missing.status, said.age)
	}
	if allowed := missing.header.Get("Access-Control-Allow-Origin"); allowed != "*" && allowed != origin {
		n.broken("http/cors-error", 0, "Access-Control-Allow-Origin of an answer %d is %q", missing.status, allowed)
	}
}
