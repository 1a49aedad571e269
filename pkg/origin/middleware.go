package origin

import (
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/go-chi/chi/v5/middleware"
)

// recover answers 500 for a handler that panics, and says so in the log. Where
// the answer has begun it is cut off, so that nobody takes it for whole.
func (o *Origin) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause != http.ErrAbortHandler { //nolint:errorlint // a panic's value, not an error
				o.faults.Error().Str("cause", fmt.Sprint(cause)).Bytes("stack", debug.Stack()).Str("path", r.URL.Path).Msg("request panicked")
			}
			if answer.Status() != 0 || cause == http.ErrAbortHandler { //nolint:errorlint // see above
				panic(http.ErrAbortHandler) //nolint:forbidigo // how net/http is told to cut an answer off
			}
			refuse(answer, http.StatusInternalServerError)
		}()
		next.ServeHTTP(answer, r)
	})
}

// crossOrigin lets pages of every site play. The headers are the same whether
// or not the request names an origin, because a cache does not tell them
// apart.
func crossOrigin(next http.Handler) http.Handler {
	all, exposed := []string{"*"}, []string{"Date, Age, Content-Length, Content-Range, ETag"} // shared by all answers
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Access-Control-Allow-Origin"], h["Access-Control-Expose-Headers"], h["Timing-Allow-Origin"] = all, exposed, all
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", methods)
			h.Set("Access-Control-Allow-Headers", "*, Range, If-None-Match")
			h.Set("Access-Control-Max-Age", "86400")
			h.Set("Allow", methods)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// methods are those that the origin knows.
const methods = "GET, HEAD, OPTIONS"

func (o *Origin) methodNotAllowed(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", methods)
	refuse(w, http.StatusMethodNotAllowed)
}
