package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// sweep counts what an earlier process left in the store and removes what it
// left behind: half-written files and directories with nothing in them.
func (d *Disk) sweep() error {
	var dirs []string
	err := filepath.WalkDir(d.root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == d.root:
			return nil
		case entry.IsDir():
			if err := skipForeign(false, entry); err != nil {
				return err
			}
			dirs = append(dirs, path)
			return nil
		case strings.HasPrefix(entry.Name(), temporary):
			return os.Remove(path)
		case !isBlob(entry):
			return nil
		}
		return d.account(entry)
	})
	// An inner directory comes after the one it is in: backwards, a directory
	// is looked at when what was empty in it is gone.
	for _, dir := range slices.Backward(dirs) {
		_ = syscall.Rmdir(dir) // fails, and should, where something is left
	}
	return err
}

// account adds a blob that is there to the usage.
func (d *Disk) account(entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	d.blobs.Add(1)
	d.bytes.Add(info.Size())
	return nil
}
