package store

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"slices"
)

// What is staged is in two files beside the one that the blob will have, to which
// is only appended: its bytes, and the notes on them. A note is written behind the
// bytes that it is about, so that whenever the process is killed, the last whole
// note is about bytes that are there. No blob can have such names.
const (
	stagedPrefix = ".staged-"
	notesPrefix  = ".notes-"
)

// A draft is what is staged under one name.
type draft struct {
	data, notes *os.File
	size        int64  // of data
	frame       []byte // the newest note, as it is written
}

// Stage implements Store. After an error nothing is staged under the name.
func (d *Disk) Stage(name string, note []byte, chunks ...[]byte) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("stage %q: %w", name, err)
	}
	f, err := d.draft(name)
	if err == nil {
		err = d.extend(f, note, chunks)
	}
	if err != nil {
		return fmt.Errorf("stage %s: %w", name, errors.Join(err, d.Unstage(name)))
	}
	return nil
}

// draft returns that of a name. No lock is held while files are made, which may take long:
// calls for one name follow one another.
func (d *Disk) draft(name string) (*draft, error) {
	d.mu.Lock()
	f := d.drafts[name]
	d.mu.Unlock()
	if f != nil {
		return f, nil
	}
	if !d.tree.reserve(name) { // so that nobody removes the directory
		return nil, fs.ErrExist
	}
	f, err := d.begin(name)
	d.tree.release(name, false, d.removeDir)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drafts[name] = f
	return f, nil
}

// begin makes the files of a draft.
func (d *Disk) begin(name string) (*draft, error) {
	data, err := create(d.beside(name, stagedPrefix))
	if err != nil {
		return nil, err
	}
	notes, err := create(d.beside(name, notesPrefix))
	if err != nil {
		return nil, errors.Join(err, data.Close(), os.Remove(data.Name()))
	}
	return &draft{data: data, notes: notes}, nil
}

// beside returns the path of a file beside that of a blob.
func (d *Disk) beside(name, prefix string) string {
	dir, base := path.Split(name)
	return d.path(dir + prefix + base)
}

// extend appends to a draft what it lacks of the chunks, and a note on them.
func (d *Disk) extend(f *draft, note []byte, chunks [][]byte) error {
	more := sizeOf(chunks) - f.size
	if err := d.claim(more); err != nil {
		return err
	}
	defer d.unclaim(more)
	if err := d.append(f, chunks); err != nil {
		return err
	}
	f.frame = appendNote(f.frame[:0], f.size, note)
	_, err := f.notes.Write(f.frame)
	return err
}

// append appends to a draft what it lacks of the chunks. It allocates nothing.
func (d *Disk) append(f *draft, chunks [][]byte) error {
	at := int64(0)
	for _, chunk := range chunks {
		from := min(f.size-at, int64(len(chunk)))
		if at += int64(len(chunk)); at <= f.size {
			continue
		}
		n, err := f.data.Write(chunk[from:])
		f.size += int64(n)
		d.staged.Add(int64(n))
		if err != nil {
			return err
		}
	}
	return nil
}

// stagedSize returns how many bytes are staged under a name.
func (d *Disk) stagedSize(name string) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.drafts[name]; f != nil {
		return f.size
	}
	return 0
}

// take returns the draft of a name, which is a draft no longer, nil if there is none.
func (d *Disk) take(name string) *draft {
	d.mu.Lock()
	defer d.mu.Unlock()
	draft := d.drafts[name]
	delete(d.drafts, name)
	if draft != nil {
		d.staged.Add(-draft.size)
	}
	return draft
}

// complete makes a draft the file of a blob, of which it has the first bytes.
func (d *Disk) complete(path string, draft *draft, chunks [][]byte) error {
	rest := consume(slices.Clone(chunks), int(draft.size))
	if err := errors.Join(writeAll(draft.data, rest), draft.close()); err != nil {
		return err
	}
	return os.Rename(draft.data.Name(), path)
}

func (f *draft) close() error { return errors.Join(f.data.Close(), f.notes.Close()) }

// Unstage implements Store.
func (d *Disk) Unstage(name string) error {
	err := CheckName(name)
	if err == nil {
		if draft := d.take(name); draft != nil {
			err = draft.close()
		}
		err = errors.Join(err, d.removeStaged(name))
		d.tree.prune(name, d.removeDir)
	}
	if err != nil {
		return fmt.Errorf("unstage %q: %w", name, err)
	}
	return nil
}

// removeStaged removes the files of what is staged under a name, if they are there.
func (d *Disk) removeStaged(name string) error {
	var errs []error
	for _, prefix := range []string{stagedPrefix, notesPrefix} {
		if err := os.Remove(d.beside(name, prefix)); err != nil && !errors.Is(absent(err), fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Staged implements Store.
func (d *Disk) Staged() iter.Seq2[Staged, error] {
	return func(yield func(Staged, error) bool) {
		for name := range d.left {
			if !yield(d.readStaged(name)) {
				return
			}
		}
	}
}

func (d *Disk) readStaged(name string) (Staged, error) {
	s := Staged{Name: name}
	data, err := os.ReadFile(d.beside(name, stagedPrefix))
	if err != nil {
		return s, fmt.Errorf("staged %s: %w", name, err)
	}
	notes, err := os.ReadFile(d.beside(name, notesPrefix))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("staged %s: %w", name, err)
	}
	about, note := lastNote(notes)
	if note != nil && about <= int64(len(data)) {
		s.Note, s.Data = note, data[:about]
	}
	return s, nil
}
