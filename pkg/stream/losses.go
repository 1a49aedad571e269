package stream

import (
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/media"
)

const (
	// settled is for how long no segment must be lost for that to be over.
	settled = 30 * time.Second

	// reminded is how often the log tells of losses that go on.
	reminded = 5 * time.Minute
)

// losses are the segments of one stream that the store did not take. While it takes
// some and others not they go on.
type losses struct {
	all   uint64    // in the life of the stream
	some  uint64    // since they began, 0 when they are over
	began time.Time // with the first of some
	last  time.Time // with the newest
	told  time.Time // when the log was last told that they go on
}

// lose counts a segment that the store did not take. The log says when that begins,
// and now and then while it goes on.
func (l *losses) lose(id media.TrackID, cause error, now time.Time, log zerolog.Logger) {
	l.all++
	l.some++
	l.last = now
	if l.some == 1 {
		l.began, l.told = now, now
		log.Error().Err(cause).Stringer("track", id).Msg("segments are not stored: viewers get gaps")
	} else if now.Sub(l.told) >= reminded {
		l.told = now
		l.tell(log.Error().Err(cause)).Msg("segments are still not stored")
	}
}

// stored takes note of a segment that is stored. The log says when losses are over,
// and how much was lost.
func (l *losses) stored(now time.Time, log zerolog.Logger) {
	if l.some > 0 && now.Sub(l.last) >= settled {
		l.tell(log.Info()).Msg("segments are stored again")
		l.some = 0
	}
}

// conclude says what was lost of a stream that ends before that is over.
func (l *losses) conclude(log zerolog.Logger) {
	if l.some > 0 {
		l.tell(log.Info()).Msg("segments were not stored")
		l.some = 0
	}
}

func (l *losses) tell(e *zerolog.Event) *zerolog.Event {
	return e.Uint64("lost", l.some).Stringer("in", l.last.Sub(l.began).Round(time.Millisecond))
}
