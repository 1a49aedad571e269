package origin

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"

	"github.com/go-chi/chi/v5"
)

// A site is the pages and what they load.
type site struct {
	files    fs.FS
	tags     map[string]string // entity tags of the files, by name; nothing else is served
	policies map[string]string // what pages may load and run, by name
}

func newSite(files fs.FS) (site, error) {
	s := site{files, make(map[string]string), make(map[string]string)}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		data, err := fs.ReadFile(files, name)
		s.tags[name] = digest(data)
		if path.Ext(name) == ".html" {
			s.policies[name] = policy(data)
		}
		return err
	})
	if err != nil {
		return site{}, fmt.Errorf("pages: %w", err)
	}
	return s, nil
}

// inline finds the scripts that stand in a page, which are few and our own.
var inline = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// policy returns what a page may load and run (Content Security Policy 3): what it brings itself, and media and
// workers that its players put together (blob:). Manifests may name other hosts, and other sites may frame it.
func policy(page []byte) string {
	scripts := "'self'"
	for _, found := range inline.FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(found[1])
		scripts += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; script-src " + scripts + "; style-src 'self'; img-src 'self' blob: data:; " +
		"media-src 'self' blob:; worker-src 'self' blob:; connect-src *; base-uri 'none'; form-action 'self'"
}

// open returns a file and its entity tag, or fs.ErrNotExist.
func (s site) open(name string) (file fs.File, content io.ReadSeeker, tag string, err error) {
	tag, ok := s.tags[name]
	if !ok {
		return nil, nil, "", fs.ErrNotExist
	}
	if file, err = s.files.Open(name); err != nil {
		return nil, nil, "", err
	}
	content, ok = file.(io.ReadSeeker)
	if !ok {
		return nil, nil, "", errors.Join(fmt.Errorf("page %s: cannot seek", name), file.Close())
	}
	return file, content, tag, nil
}

// page serves a page of the web folder. It is the same for all streams: what
// it shows it finds out by itself.
func (o *Origin) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o.file(w, r, name, revalidate)
	}
}

// player serves the page of a stream, on air or not: it waits for what is to
// come.
func (o *Origin) player(w http.ResponseWriter, r *http.Request) {
	if !nameable(chi.URLParam(r, "app"), chi.URLParam(r, "name")) {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	o.file(w, r, "player.html", revalidate)
}

// toPlayer adds to {app}/{name} the slash of the page.
func (o *Origin) toPlayer(w http.ResponseWriter, r *http.Request, app, name string) {
	if !nameable(app, name) {
		o.fail(w, r, fs.ErrNotExist)
		return
	}
	to := name + "/"
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Cache-Control", cacheFor(visit))
	w.Header().Set("Location", to) // relative: a pass stays in front of it
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// asset serves what the pages load. The names of assets have a hash in them.
func (o *Origin) asset(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "*")
	cache := revalidate
	if path.Dir(name) == "assets" {
		cache = immutable
	}
	o.file(w, r, name, cache)
}

func (o *Origin) file(w http.ResponseWriter, r *http.Request, name, cache string) {
	file, content, tag, err := o.site.open(name)
	if err != nil {
		o.fail(w, r, err)
		return
	}
	defer file.Close()
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = typeText
	}
	if policy, ok := o.site.policies[name]; ok {
		w.Header().Set("Content-Security-Policy", policy)
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	serve(w, r, entity{kind, cache, strong(tag)}, content)
}
