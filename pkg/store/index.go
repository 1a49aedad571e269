package store

import (
	"fmt"
	"io/fs"
)

// An index holds what is known of each blob by its name, and which names the
// directories take. The zero index is empty. Its user does the locking.
type index[V any] struct {
	held map[string]V
	dirs map[string]int // blobs below each directory
}

// free returns an error when name is that of a blob or directory, or lies
// below a blob.
func (x *index[V]) free(name string) error {
	if _, ok := x.held[name]; ok || x.dirs[name] > 0 {
		return fs.ErrExist
	}
	var err error
	parents(name, func(dir string) bool {
		if _, ok := x.held[dir]; ok {
			err = fmt.Errorf("%s is not a directory", dir)
		}
		return err == nil
	})
	return err
}

// add takes a name that is free.
func (x *index[V]) add(name string, v V) {
	if x.held == nil {
		x.held, x.dirs = make(map[string]V), make(map[string]int)
	}
	x.held[name] = v
	parents(name, func(dir string) bool { x.dirs[dir]++; return true })
}

// drop makes the name of a blob free.
func (x *index[V]) drop(name string) {
	delete(x.held, name)
	parents(name, func(dir string) bool {
		if x.dirs[dir]--; x.dirs[dir] == 0 {
			delete(x.dirs, dir)
		}
		return true
	})
}
