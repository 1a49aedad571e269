package store

import "sync"

// A tree knows which names are being written, so that no two writers have the
// same one and no directory is removed from under a writer. It holds only what
// is under way and does no I/O but through the functions it is given.
type tree struct {
	mu      sync.Mutex
	writing map[string]struct{}
	pins    map[string]int // writers below each directory
}

// reserve makes the caller the only writer of name and keeps its directories
// until release. It returns false when somebody else is writing name.
func (t *tree) reserve(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, taken := t.writing[name]; taken {
		return false
	}
	if t.writing == nil {
		t.writing, t.pins = make(map[string]struct{}), make(map[string]int)
	}
	t.writing[name] = struct{}{}
	parents(name, func(dir string) bool { t.pins[dir]++; return true })
	return true
}

// release undoes reserve. With empty, the directories of name may be empty now
// and remove is called for them as in prune.
func (t *tree) release(name string, empty bool, remove func(dir string) bool) {
	t.mu.Lock()
	delete(t.writing, name)
	parents(name, func(dir string) bool {
		if t.pins[dir]--; t.pins[dir] == 0 {
			delete(t.pins, dir)
		}
		return true
	})
	t.mu.Unlock()
	if empty {
		t.prune(name, remove)
	}
}

// prune calls remove for the directories of name, the innermost first, until it
// returns false or one is in use. No writer starts meanwhile. A writer that was
// passed over for succeeds, and its blob fills the directory, or fails and
// prunes itself.
func (t *tree) prune(name string, remove func(dir string) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	parents(name, func(dir string) bool { return t.pins[dir] == 0 && remove(dir) })
}
