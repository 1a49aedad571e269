package live

import "sync"

// memos are the values that were derived from one snapshot.
type memos struct {
	mu     sync.Mutex
	values map[any]func() any
}

// Memo returns what derive returns, which is called once for each snapshot and
// key, however many ask at the same time. The value is shared by all callers
// and lives as long as the snapshot. Each kind of value has keys of a type of
// its own.
func Memo[T any](s *Snapshot, key any, derive func() T) T {
	if s.memos == nil {
		return derive()
	}
	value, _ := s.memos.get(key, func() any { return derive() })().(T)
	return value
}

func (m *memos) get(key any, derive func() any) func() any {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[key]
	if !ok {
		if m.values == nil {
			m.values = make(map[any]func() any)
		}
		value = sync.OnceValue(derive)
		m.values[key] = value
	}
	return value
}
