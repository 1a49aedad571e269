package stream

import (
	"errors"
	"fmt"
	"time"

	"sluice/pkg/store"
)

// errAllowance is returned by Put of an allowance that has no room.
var errAllowance = errors.New("the shortest window does not fit into what the stream may have (limits.stream_disk)")

// An allowance is the store as one programme has it, within Limits.Stored.
//
// Segments that leave the window can be had for as long as the longest playlist
// that they were in, so that there are as many of them as are listed. What is
// listed therefore has half of the bytes, less the segments that come and go: the
// window gets shorter until it fits. It is never shorter than three target
// durations (RFC 8216bis 6.2.2); what does not fit then is refused. When the bit
// rate rises there may be more for a while, of what was in longer playlists.
type allowance struct {
	store.Store
	programme *programme
}

// Put implements store.Store, for a segment that is about to be listed.
func (a allowance) Put(name string, chunks ...[]byte) error {
	var size int64
	for _, chunk := range chunks {
		size += int64(len(chunk))
	}
	if size > 0 && !a.programme.fit(size) {
		return fmt.Errorf("put %s: %w", name, errAllowance)
	}
	return a.Store.Put(name, chunks...)
}

// fit makes the window so short that a segment of that size fits, or reports that
// it cannot.
func (p *programme) fit(size int64) bool {
	half := p.env.Config.Limits.Stored / 2
	s, shortest := p.live.Snapshot(), 3*p.targets().Segment
	if window, less := s.Room(half - size - s.Newest()); less {
		p.narrow(max(window.Truncate(100*time.Millisecond), shortest))
	}
	return size+s.Listed(shortest) <= half
}

// narrow makes the window shorter, and tells of it once a publisher.
func (p *programme) narrow(window time.Duration) {
	if window >= p.live.Snapshot().Window {
		return
	}
	p.live.Narrow(window)
	p.narrowed++
	if p.onAir != nil {
		p.warn(large, p.live.Snapshot().Renditions[0].ID, "window", window)
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
