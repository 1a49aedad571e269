package store

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

// temporary begins the name of every file that is being written. No blob can
// have such a name.
const temporary = ".put-"

// Disk is a Store in a directory: a blob's name is its path. A blob is written
// under a temporary name in its directory, which is then renamed, so that a
// killed process leaves no half blob. What is staged is in files of its own, and
// still there for the next process. Nothing is synced: blobs survive the process,
// not the machine.
//
// The directory belongs to one Disk at a time.
type Disk struct {
	root  string
	own   *os.File // the locked directory
	tree  tree
	count atomic.Uint64 // of temporary names
	blobs atomic.Int64
	bytes atomic.Int64

	maxBytes, keepFree int64        // 0 is no limit
	claimed            atomic.Int64 // bytes that are being written
	staged             atomic.Int64 // bytes of drafts

	mu     sync.Mutex
	drafts map[string]*draft
	left   map[string]struct{} // names of what an earlier process staged, from the beginning
}

// ErrInUse is returned by OpenDisk for the directory of another Disk.
var ErrInUse = errors.New("another process keeps its segments there")

// OpenDisk opens the store in directory root, which it makes when it is not
// there, or returns ErrInUse. Blobs that an earlier process left stay;
// half-written files and empty directories are removed.
func OpenDisk(root string, options ...DiskOption) (*Disk, error) {
	d := &Disk{root: root, drafts: make(map[string]*draft), left: make(map[string]struct{})}
	for _, option := range options {
		option(d)
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	own, err := lock(root)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", root, err)
	}
	d.own = own
	if err := d.sweep(); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", root, err), d.Close())
	}
	return d, nil
}

// Close gives the directory to the next Disk. What it holds stays.
func (d *Disk) Close() error { return d.own.Close() }

func (d *Disk) path(name string) string {
	return filepath.Join(d.root, filepath.FromSlash(name))
}

// Put implements Store. It returns ErrNoSpace where a limit has no room for the
// blob.
func (d *Disk) Put(name string, chunks ...[]byte) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("put %q: %w", name, err)
	}
	if !d.tree.reserve(name) {
		return fmt.Errorf("put %s: %w", name, fs.ErrExist)
	}
	err := d.add(name, chunks)
	d.tree.release(name, err != nil, d.removeDir)
	if err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	return nil
}

// add writes and counts the blob of a name that is reserved.
func (d *Disk) add(name string, chunks [][]byte) error {
	path := d.path(name)
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	size := sizeOf(chunks)
	more := size - d.stagedSize(name)
	if err := d.claim(more); err != nil {
		return err
	}
	defer d.unclaim(more)
	if err := d.write(name, chunks); err != nil {
		return err
	}
	d.blobs.Add(1)
	d.bytes.Add(size)
	return nil
}

// write makes the file of a blob, of what is staged for it where something is.
func (d *Disk) write(name string, chunks [][]byte) error {
	path := d.path(name)
	if draft := d.take(name); draft != nil {
		return errors.Join(d.complete(path, draft, chunks), d.removeStaged(name))
	}
	if err := d.writeAll(path, chunks); err != nil {
		return err
	}
	if _, left := d.left[name]; left {
		return d.removeStaged(name)
	}
	return nil
}

// writeAll makes a file.
func (d *Disk) writeAll(path string, chunks [][]byte) error {
	temp := filepath.Join(filepath.Dir(path), temporary+strconv.FormatUint(d.count.Add(1), 36))
	file, err := create(temp)
	if err != nil {
		return err
	}
	if err = errors.Join(writeAll(file, chunks), file.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}

// create makes a new file and, when they are missing, its directories.
func create(path string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	file, err := os.OpenFile(path, flags, 0o644)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, flags, 0o644)
}

// Open implements Store.
func (d *Disk) Open(name string) (Blob, error) {
	if err := CheckName(name); err != nil {
		return nil, fmt.Errorf("open %q: %w", name, err)
	}
	file, err := os.Open(d.path(name))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, absent(err))
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, errors.Join(err, file.Close()))
	}
	return diskBlob{file, info.Size()}, nil
}

// Remove implements Store. Directories that are empty then go, too.
func (d *Disk) Remove(name string) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("remove %q: %w", name, err)
	}
	if err := d.unlink(name); err != nil {
		return fmt.Errorf("remove %s: %w", name, absent(err))
	}
	d.tree.prune(name, d.removeDir)
	return nil
}

// unlink removes a blob's file. Of several callers one succeeds.
func (d *Disk) unlink(name string) error {
	path := d.path(name)
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fs.ErrNotExist
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	d.blobs.Add(-1)
	d.bytes.Add(-info.Size())
	return nil
}

// removeDir removes a directory if it is empty and reports whether it did. It
// must not be os.Remove: after a failed Put "dir" may be a blob.
func (d *Disk) removeDir(dir string) bool { return syscall.Rmdir(d.path(dir)) == nil }

// List implements Store.
func (d *Disk) List(dir string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := checkDir(dir); err != nil {
			yield(Entry{}, err)
			return
		}
		err := d.walk(dir, func(entry Entry) error {
			if !yield(entry, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Entry{}, fmt.Errorf("list %q: %w", dir, err))
		}
	}
}

// walk visits the blobs below dir. What disappears meanwhile is passed over.
func (d *Disk) walk(dir string, visit func(Entry) error) error {
	top := d.path(dir)
	return filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return unlessGone(err)
		case entry.IsDir():
			return skipForeign(path == top, entry)
		case path == top || !isBlob(entry):
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return unlessGone(err)
		}
		name, err := filepath.Rel(d.root, path)
		if err != nil {
			return err
		}
		return visit(Entry{filepath.ToSlash(name), info.Size(), info.ModTime()})
	})
}

// isBlob reports whether a file can be a blob's. Others are not the store's:
// they are neither counted nor touched.
func isBlob(entry fs.DirEntry) bool {
	return entry.Type().IsRegular() && checkElement(entry.Name()) == nil
}

// skipForeign keeps a walk out of directories that are not the store's.
func skipForeign(top bool, entry fs.DirEntry) error {
	if !top && checkElement(entry.Name()) != nil {
		return fs.SkipDir
	}
	return nil
}

func unlessGone(err error) error {
	if errors.Is(absent(err), fs.ErrNotExist) {
		return nil
	}
	return err
}

// absent makes err wrap fs.ErrNotExist when a blob's "directory" is a blob.
func absent(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}

// Usage implements Store.
func (d *Disk) Usage() Usage {
	return Usage{Blobs: d.blobs.Load(), Bytes: d.bytes.Load()}
}

// diskBlob is an open file. It is a syscall.Conn by the file's method, which is
// all that net asks of a source for sendfile.
type diskBlob struct {
	*os.File
	size int64
}

// Size implements Blob.
func (b diskBlob) Size() int64 { return b.size }
