package origin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Cache lifetimes.
const (
	negative = time.Second          // of an error: what is missing may come at any moment
	forever  = 365 * 24 * time.Hour // of what never changes
	visit    = 60 * time.Second     // of a page
)

// Content types.
const (
	typeHLS  = "application/vnd.apple.mpegurl"
	typeDASH = "application/dash+xml"
	typeTS   = "video/mp2t"
	typeText = "text/plain; charset=utf-8"
	typeJSON = "application/json"
)

// cacheFor returns the Cache-Control of a response that any cache may hold for
// d, cut to whole seconds but at least one.
func cacheFor(d time.Duration) string {
	return "public, max-age=" + strconv.Itoa(max(int(d/time.Second), 1))
}

// immutable is the Cache-Control of bytes that never change under their URL.
func immutable() string { return cacheFor(forever) + ", immutable" }

// serveText answers with a whole text.
func serveText(w http.ResponseWriter, r *http.Request, kind, cache string, text []byte) {
	sum := sha256.Sum256(text)
	serve(w, r, kind, cache, hex.EncodeToString(sum[:12]), bytes.NewReader(text))
}

// serve answers with content, or the part of it or the 304 that the request
// asks for. tag is a strong entity tag without its quotes.
func serve(w http.ResponseWriter, r *http.Request, kind, cache, tag string, content io.ReadSeeker) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", cache)
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, content)
}
