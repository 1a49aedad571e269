package origin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sluice/pkg/store"
)

// Cache lifetimes.
const (
	negative = time.Second          // of an error: what is missing may come at any moment
	forever  = 365 * 24 * time.Hour // of what never changes
	visit    = 60 * time.Second     // of the way to a page
	manifest = time.Second          // of an MPD, at most: half its minimumUpdatePeriod of 2 s
)

// revalidate is the Cache-Control of what changes with the next release: a
// cache may hold it, and asks each time whether it is still right.
const revalidate = "no-cache"

// Content types.
const (
	typeHLS  = "application/vnd.apple.mpegurl"
	typeDASH = "application/dash+xml"
	typeTS   = "video/mp2t"
	typeText = "text/plain; charset=utf-8"
	typeJSON = "application/json"
)

// cacheFor returns the Cache-Control of a response that any cache may hold for
// d, cut to whole seconds: for less than one it must ask each time.
func cacheFor(d time.Duration) string {
	return "public, max-age=" + strconv.Itoa(int(d/time.Second))
}

// immutable is the Cache-Control of bytes that never change under their URL.
func immutable() string { return cacheFor(forever) + ", immutable" }

// serveText answers with a whole text.
func serveText(w http.ResponseWriter, r *http.Request, kind, cache string, text []byte) {
	serve(w, r, kind, cache, digest(text), bytes.NewReader(text))
}

// digest returns an entity tag for content.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:12])
}

// serve answers with content, or the part of it or the 304 that the request
// asks for. tag is a strong entity tag without its quotes. A request for
// several ranges at once gets the whole: no player makes one, and each range
// would cost more than it asks for.
func serve(w http.ResponseWriter, r *http.Request, kind, cache, tag string, content io.ReadSeeker) {
	if strings.Contains(r.Header.Get("Range"), ",") {
		r.Header.Del("Range")
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", cache)
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, content)
}

// fail answers a request with the status that an error stands for, and logs
// what is a fault of ours.
func (o *Origin) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrName) {
		refuse(w, http.StatusNotFound)
		return
	}
	o.faults.Error().Err(err).Str("path", r.URL.Path).Msg("request failed")
	refuse(w, http.StatusInternalServerError)
}

// refuse answers with a status and its name.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Cache-Control", cacheFor(negative))
	http.Error(w, http.StatusText(status), status)
}
