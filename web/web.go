// Package web holds the pages that a browser shows: the live list (index.html),
// the player (player.html) and what they load (assets/), as `npm run build`
// leaves them in dist.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built pages. Names under assets/ carry the hash of their
// content, so such a file may be cached for ever. Before the first build it is
// all but empty, and opening a page answers fs.ErrNotExist.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil { // only for a name that is not a path
		return dist
	}
	return files
}
