package store

import (
	"bytes"
	"fmt"
	"io/fs"
	"iter"
	"sync"
	"time"
)

// Memory is a Store in memory. The zero Memory is empty and ready.
type Memory struct {
	mu    sync.RWMutex
	blobs map[string]held
	dirs  map[string]int // blobs below each directory
	bytes int64
}

type held struct {
	data []byte
	time time.Time
}

// NewMemory returns an empty store in memory.
func NewMemory() *Memory { return &Memory{} }

// Put implements Store. It costs one copy of the chunks.
func (m *Memory) Put(name string, chunks ...[]byte) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("put %q: %w", name, err)
	}
	blob := held{bytes.Join(chunks, nil), time.Now()}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.free(name); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	if m.blobs == nil {
		m.blobs, m.dirs = make(map[string]held), make(map[string]int)
	}
	m.blobs[name] = blob
	m.bytes += int64(len(blob.data))
	parents(name, func(dir string) bool { m.dirs[dir]++; return true })
	return nil
}

// free returns an error when name is that of a blob or directory, or lies
// below a blob.
func (m *Memory) free(name string) error {
	if _, ok := m.blobs[name]; ok || m.dirs[name] > 0 {
		return fs.ErrExist
	}
	var err error
	parents(name, func(dir string) bool {
		if _, ok := m.blobs[dir]; ok {
			err = fmt.Errorf("%s is not a directory", dir)
		}
		return err == nil
	})
	return err
}

// Open implements Store. It copies nothing.
func (m *Memory) Open(name string) (Blob, error) {
	m.mu.RLock()
	blob, ok := m.blobs[name]
	m.mu.RUnlock()
	if !ok {
		if err := CheckName(name); err != nil {
			return nil, fmt.Errorf("open %q: %w", name, err)
		}
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return memoryBlob{bytes.NewReader(blob.data)}, nil
}

// Remove implements Store.
func (m *Memory) Remove(name string) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("remove %q: %w", name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	blob, ok := m.blobs[name]
	if !ok {
		return fmt.Errorf("remove %s: %w", name, fs.ErrNotExist)
	}
	delete(m.blobs, name)
	m.bytes -= int64(len(blob.data))
	parents(name, func(dir string) bool {
		if m.dirs[dir]--; m.dirs[dir] == 0 {
			delete(m.dirs, dir)
		}
		return true
	})
	return nil
}

// List implements Store. What it yields was stored at one moment.
func (m *Memory) List(dir string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := checkDir(dir); err != nil {
			yield(Entry{}, err)
			return
		}
		for _, entry := range m.entries(dir) {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

func (m *Memory) entries(dir string) []Entry {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var entries []Entry
	for name, blob := range m.blobs {
		if below(name, dir) {
			entries = append(entries, Entry{name, int64(len(blob.data)), blob.time})
		}
	}
	return entries
}

// Usage implements Store.
func (m *Memory) Usage() Usage {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return Usage{Blobs: int64(len(m.blobs)), Bytes: m.bytes}
}

// checkDir returns an error when dir cannot be listed.
func checkDir(dir string) error {
	if dir == "" {
		return nil
	}
	if err := CheckName(dir); err != nil {
		return fmt.Errorf("list %q: %w", dir, err)
	}
	return nil
}

type memoryBlob struct{ *bytes.Reader }

func (memoryBlob) Close() error { return nil }
