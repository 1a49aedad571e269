package stream

import (
	"errors"
	"fmt"
	"time"
)

// errAllowance is returned by fit for a segment that has no room.
var errAllowance = errors.New("the shortest window does not fit into what the stream may have (limits.stream_disk)")

// windows are how long segments may stay listed.
type windows struct {
	allowed time.Duration // by Limits.Stored
	kept    time.Duration // by the memory in which segments wait for the disk
}

// precision is that of windows which are made shorter.
const precision = 100 * time.Millisecond

// resize makes the window as long as it may be.
func (p *programme) resize() {
	window := min(p.windows.allowed, p.windows.kept)
	if window < p.live.Snapshot().Window {
		p.narrowed++
	}
	p.live.Resize(window, p.date())
}

// squeeze makes the window so short, while segments wait for the disk, that what is
// listed, with one more of that name and size, has no more of the memory than it
// should, but not shorter than three target durations. When the disk has taken what
// waits, the window becomes longer again. The log tells of both.
func (p *programme) squeeze(name string, size int64) {
	cause, whole := p.env.Memory.Failing(), p.env.config().Window
	bytes, less := p.env.Memory.Share(name, size)
	s := p.live.Snapshot()
	switch {
	case cause == nil && p.windows.kept < whole:
		p.log.Info().Msg("the disk has taken what waited: the window becomes longer again")
		p.windows.kept = whole
		p.resize()
	case cause != nil && less:
		if window, less := s.Room(bytes - size - s.Newest()); less {
			p.keep(max(window.Truncate(precision), 3*p.targets().Segment), cause)
		}
	}
}

// keep makes the window shorter for want of memory. The log tells when that begins.
func (p *programme) keep(window time.Duration, cause error) {
	if window >= p.windows.kept {
		return
	}
	if p.windows.kept == p.env.config().Window {
		p.log.Warn().AnErr("cause", cause).Stringer("window", window).
			Msg("the memory for what waits for the disk is short (limits.memory): less of the stream is listed")
	}
	p.windows.kept = window
	p.resize()
}

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
	half := p.env.config().Limits.Stored / 2
	if half == 0 {
		return nil
	}
	s, shortest := p.live.Snapshot(), 3*p.targets().Segment
	if window, less := s.Room(half - size - s.Newest()); less {
		p.windows.allowed = min(p.windows.allowed, max(window.Truncate(precision), shortest))
		p.resize()
	}
	if need := size + s.Listed(shortest); need > half {
		p.warn(tooLarge, p.writers[0].id, "window", shortest)
		return fmt.Errorf("%w: %v take %d bytes, and may take %d", errAllowance, shortest, need, half)
	}
	if w := p.windows.allowed; w < p.env.config().Window && s.End().Sub(p.live.Started) >= shortest && !p.warned[tooLarge] {
		p.warn(large, p.writers[0].id, "window", w)
	}
	return nil
}

// ErrTooLarge is returned by WriteFrame to a publisher whose segments take too much
// memory while they are cut. The publication is over by that.
var ErrTooLarge = errors.New("the segments are too large for the memory of one stream (limits.stream_memory): " +
	"lower the bit rate or the keyframe interval")

// weigh returns ErrTooLarge when the segments that are being cut have more than
// Limits.Cutting, together with what waits for its place in one. Frames of a segment
// count when their chunk is complete.
func (p *programme) weigh() error {
	limit := p.env.config().Limits.Cutting
	if limit == 0 {
		return nil
	}
	limit -= p.order.Bytes() + p.cutter.Waiting()
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
