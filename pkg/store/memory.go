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
	blobs index[held]
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
	if err := m.blobs.free(name); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	m.blobs.add(name, blob)
	m.bytes += int64(len(blob.data))
	return nil
}

// Stage implements Store: nothing in memory outlives the process.
func (*Memory) Stage(string, []byte, ...[]byte) error { return nil }

// Unstage implements Store.
func (*Memory) Unstage(string) error { return nil }

// Staged implements Store.
func (*Memory) Staged() iter.Seq2[Staged, error] { return func(func(Staged, error) bool) {} }

// Open implements Store. It copies nothing.
func (m *Memory) Open(name string) (Blob, error) {
	m.mu.RLock()
	blob, ok := m.blobs.held[name]
	m.mu.RUnlock()
	if !ok {
		if err := CheckName(name); err != nil {
			return nil, fmt.Errorf("open %q: %w", name, err)
		}
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return NewBytes(blob.data), nil
}

// Remove implements Store.
func (m *Memory) Remove(name string) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("remove %q: %w", name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	blob, ok := m.blobs.held[name]
	if !ok {
		return fmt.Errorf("remove %s: %w", name, fs.ErrNotExist)
	}
	m.blobs.drop(name)
	m.bytes -= int64(len(blob.data))
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
	for name, blob := range m.blobs.held {
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
	return Usage{Blobs: int64(len(m.blobs.held)), Bytes: m.bytes}
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
