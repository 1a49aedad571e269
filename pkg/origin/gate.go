package origin

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
)

// A Gate says who may watch.
type Gate interface {
	// Guards reports whether anybody is kept out.
	Guards() bool
	// Check returns why somebody with a token may not watch a stream, nil if he may. Without names it
	// is about all streams.
	Check(ctx context.Context, token, app, name string) error
	// Trusts reports whether an address is of a CDN, which has checked what it asks for.
	Trusts(addr netip.Addr) bool
}

// tokenPrefix begins the paths of those who have a token.
const tokenPrefix = "/t/"

// gate lets through who may watch, by the token in front of the path, /t/TOKEN/app/name/..., and takes that
// off. All URIs in texts are relative, so they have it too. What is behind it is the same for all
// tokens: a cache that checks them needs to keep only one copy.
func (o *Origin) gate(next http.Handler) http.Handler {
	if o.Gate == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !o.Gate.Guards() {
			next.ServeHTTP(w, r)
			return
		}
		token, rest, has := strings.Cut(strings.TrimPrefix(r.URL.Path, tokenPrefix), "/")
		if has = has && strings.HasPrefix(r.URL.Path, tokenPrefix); has {
			r = at(r, "/"+rest)
		}
		app, name, guarded := streamOf(r.URL.Path)
		switch {
		case !guarded:
		case has:
			if err := o.Gate.Check(r.Context(), token, app, name); err != nil {
				forbid(w, err.Error())
				return
			}
		case !o.trusts(r.RemoteAddr):
			forbid(w, "a token is needed: /t/TOKEN in front of the path")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// at returns a request for another path. An encoded path is the name of nothing, and stays so.
func at(r *http.Request, path string) *http.Request {
	other, u := *r, url.URL{Path: path, RawQuery: r.URL.RawQuery}
	if r.URL.RawPath != "" {
		u.RawPath = "/%"
	}
	other.URL = &u
	return &other
}

func (o *Origin) trusts(remote string) bool {
	addr, err := netip.ParseAddrPort(remote)
	return err == nil && o.Gate.Trusts(addr.Addr())
}

// streamOf returns which stream a path is of, and whether only those may have it who may watch that:
// all there is of a stream, and, without a name, the list of all.
func streamOf(p string) (app, name string, guarded bool) {
	app, rest, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	switch {
	case app == "streams.json", app == "status.json":
		return "", "", true
	case p == "/", app == "-", slices.Contains(Reserved(), app):
		return "", "", false
	}
	name, _, inside := strings.Cut(rest, "/")
	if ending := path.Ext(name); !inside && (ending == ".m3u8" || ending == ".mpd") {
		name = strings.TrimSuffix(name, ending)
	}
	return app, name, true
}

// forbid answers 403. No cache may keep that: it is of one token, and the path is that of all.
func forbid(w http.ResponseWriter, why string) {
	w.Header().Set("Cache-Control", never)
	http.Error(w, http.StatusText(http.StatusForbidden)+": "+why, http.StatusForbidden)
}
