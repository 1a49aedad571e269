package store

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// sweep counts what an earlier process left in the store, keeps in mind what it
// staged, and removes what it left behind: half-written files and directories with
// nothing in them.
func (d *Disk) sweep() error {
	var dirs []string
	err := filepath.WalkDir(d.root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case file == d.root:
			return nil
		case entry.IsDir():
			if err := skipForeign(false, entry); err != nil {
				return err
			}
			dirs = append(dirs, file)
			return nil
		case strings.HasPrefix(entry.Name(), temporary):
			return os.Remove(file)
		case strings.HasPrefix(entry.Name(), stagedPrefix):
			return d.keepStaged(file)
		case strings.HasPrefix(entry.Name(), notesPrefix):
			return removeLone(file)
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

// keepStaged keeps in mind what is staged in a file.
func (d *Disk) keepStaged(file string) error {
	dir, err := filepath.Rel(d.root, filepath.Dir(file))
	if err != nil {
		return err
	}
	name := path.Join(filepath.ToSlash(dir), strings.TrimPrefix(filepath.Base(file), stagedPrefix))
	if CheckName(name) == nil { // or it is not the store's
		d.left[name] = struct{}{}
	}
	return nil
}

// removeLone removes a file of notes on nothing.
func removeLone(notes string) error {
	dir, base := filepath.Split(notes)
	_, err := os.Lstat(dir + stagedPrefix + strings.TrimPrefix(base, notesPrefix))
	if errors.Is(err, fs.ErrNotExist) {
		return os.Remove(notes)
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
