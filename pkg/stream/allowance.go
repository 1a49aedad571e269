package stream

import (
	"errors"
	"fmt"
	"time"
)

// errAllowance is returned by fit for a segment that has no room.
var errAllowance = errors.New("the shortest window does not fit into what the stream may have (limits.stream_disk)")

// fit makes the window so short that one more segment of that size fits into
// Limits.Stored, or returns errAllowance if it cannot. The broadcaster is told of
// either.
//
// Segments that leave the window can be had for as long as the longest playlist
// that they were in, so that there are as many of them as are listed. What is
// listed therefore has half of the bytes, less the segments that come and go: the
// window gets shorter until it fits. It is never shorter than three target
// durations (RFC 8216bis 6.2.2); what does not fit then is refused. When the bit
// rate rises there may be more for a while, of what was in longer playlists.
func (p *programme) fit(size int64) error {
	half := p.env.Config.Limits.Stored / 2
	if half == 0 {
		return nil
	}
	s, shortest := p.live.Snapshot(), 3*p.targets().Segment
	if window, less := s.Room(half - size - s.Newest()); less {
		p.narrow(max(window.Truncate(100*time.Millisecond), shortest))
	}
	if need := size + s.Listed(shortest); need > half {
		p.warn(tooLarge, p.writers[0].id, "window", shortest)
		return fmt.Errorf("%w: %v take %d bytes, and may take %d", errAllowance, shortest, need, half)
	}
	if w := p.live.Snapshot().Window; w < p.env.Config.Window && s.End().Sub(p.live.Started) >= shortest && !p.warned[tooLarge] {
		p.warn(large, p.writers[0].id, "window", w)
	}
	return nil
}

// narrow makes the window shorter.
func (p *programme) narrow(window time.Duration) {
	if window < p.live.Snapshot().Window {
		p.live.Narrow(window)
		p.narrowed++
	}
}

// ErrTooLarge is returned by WriteFrame to a publisher whose segments take too much
// memory while they are cut. The publication is over by that.
var ErrTooLarge = errors.New("the segments are too large for the memory of one stream (limits.stream_memory): " +
	"lower the bit rate or the keyframe interval")

// weigh returns ErrTooLarge when the segments that are being cut have more than
// Limits.Cutting. Frames count when their chunk is complete.
func (p *programme) weigh() error {
	limit := p.env.Config.Limits.Cutting
	if limit == 0 {
		return nil
	}
	for _, w := range p.writers {
		if w.open {
			limit -= w.seg.Size
		}
	}
	if limit < 0 {
		return ErrTooLarge
	}
	return nil
}
