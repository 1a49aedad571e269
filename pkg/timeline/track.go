package timeline

import (
	"time"

	"sluice/pkg/media"
)

// maxBridge is the longest time from one frame of video to the next that is
// taken for granted.
const maxBridge = 100 * time.Millisecond

// A reading is a point on a publisher's clock.
type reading struct {
	raw  uint32        // as received: in ms, modulo 2^32
	time time.Duration // the same without the wrap
}

// unwrap returns the time of another reading of the same clock, by serial
// arithmetic (RFC 1982).
func (r reading) unwrap(raw uint32) time.Duration { return r.time + r.until(raw) }

// until returns the time to another reading.
func (r reading) until(raw uint32) time.Duration {
	return time.Duration(int32(raw-r.raw)) * time.Millisecond
}

type track struct {
	id    media.TrackID
	scale uint32
	frame media.Ticks // length of the newest audio frame, 0 for video

	seen    bool // the publisher has sent a frame
	reading      // of the last frame
	shift   shift
	offset  int32         // composition offset of the newest frame that had one within bounds, in ms
	beside  time.Duration // the newest time of a frame when it came

	begun    bool        // there was a sample, of whatever publisher
	last     media.Ticks // its decode time
	step     media.Ticks // from the sample before it to the last
	counting bool        // audio follows the last sample
	drift    follower
	beat     metronome
}

// leave forgets what is known of the publisher, but not what was stamped.
func (tr *track) leave() {
	tr.seen, tr.offset, tr.counting, tr.drift = false, 0, false, follower{}
	tr.beat.forget()
}

// join makes tr count by the same clock as another track. Its last received
// time must be set.
func (tr *track) join(other *track) {
	tr.time = other.unwrap(tr.raw)
	tr.shift = other.shift
}

// stamped returns the decode time of the last sample, 0 if there was none.
func (tr *track) stamped() time.Duration { return tr.last.Duration(tr.scale) }

// end returns where the last sample ends, as far as one knows.
func (tr *track) end() time.Duration { return tr.stamped() + tr.bridge() }

// bridge returns how long after the last sample the next one comes when the
// publisher's time does not say.
func (tr *track) bridge() time.Duration {
	if tr.frame != 0 {
		return tr.frame.Duration(tr.scale)
	}
	return min(tr.step.Duration(tr.scale), maxBridge)
}

// foretell returns how long after the last sample, whose publisher put it at
// the given time, the next one comes; 0 when nobody knows. The beat is that of
// the publisher's own clock.
func (tr *track) foretell(at media.Ticks) media.Ticks {
	if tr.frame != 0 {
		return tr.frame
	}
	own := media.Ticks(tr.time).Rescale(nanosecond, tr.scale)
	next, ok := tr.beat.tick(own)
	if !ok {
		return 0
	}
	return max(next-own+at-tr.last, 0)
}
