package live

import "sync"

// memos are the values that were derived from one snapshot, from those of one date, or from
// all of a presentation.
type memos struct {
	mu     sync.Mutex
	values map[any]func() any
}

// Memo returns what derive returns, which is called once for each snapshot and
// key, however many ask at the same time. The value is shared by all callers
// and lives as long as the snapshot. Each kind of value has keys of a type of
// its own.
func Memo[T any](s *Snapshot, key any, derive func() T) T { return memo(s.memos, key, derive) }

// DatedMemo is Memo for what is the same in all snapshots that were Published at one time:
// what tells of no part, but of segments that begin or end, of who publishes, of nothing new
// for a while, or of what an earlier process left, which may be less than it told of.
func DatedMemo[T any](s *Snapshot, key any, derive func() T) T { return memo(s.dated, key, derive) }

// Lasting is Memo for what is the same in all snapshots of a presentation: what keeps for the
// next one what it made for those before.
func Lasting[T any](s *Snapshot, key any, derive func() T) T { return memo(s.lasting, key, derive) }

func memo[T any](m *memos, key any, derive func() T) T {
	if m == nil {
		return derive()
	}
	value, _ := m.get(key, func() any { return derive() })().(T)
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
