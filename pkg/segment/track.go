package segment

import (
	"time"

	"sluice/pkg/media"
)

// A track is what a Cutter knows of one track.
type track struct {
	id    media.TrackID
	scale uint32

	begun  bool
	number uint64      // segment of the last sample
	last   media.Ticks // decode time of the last sample
	own    media.Ticks // the same before it was moved
	next   media.Ticks // where the next is foretold, 0 where it is not
	gap    media.Ticks // from the last sample but one to the last
	step   media.Ticks // from one sample to the next, when nothing is missing
	pace   pace
	gop    gop

	delay   media.Ticks // of video: from decoding to showing the newest key frame
	delayed bool        // there was one
	lag     media.Ticks // by which its delay is more than the lead's, where both are known

	part, chunk    media.Ticks // where the current ones began
	ended          Cut         // what the last sample ended
	end            media.Ticks // and where
	longest, least media.Ticks // durations of parts, 0 until they are settled
	longestChunk   media.Ticks // 0 when a part is one chunk
	waiting        queue
}

// take makes a sample, which had a decode time of its own before it was moved,
// the last one of the track.
func (tr *track) take(p *Placed, own media.Ticks) {
	if p.Cut >= Part {
		tr.part = p.DTS
	}
	if p.Cut != None {
		tr.chunk = p.DTS
	}
	at, foretold := tr.ideal(own)
	tr.gop.take(p.Key, at)
	next := media.Ticks(0)
	if p.Length > 0 {
		next = p.DTS + p.Length
	}
	if tr.begun {
		// A single long step is a pause, two are a low frame rate.
		gap := own - tr.own
		tr.step = gap
		if tr.gap != 0 {
			tr.step = min(gap, tr.gap)
		}
		if foretold && next > tr.next {
			tr.step = next - tr.next
		}
		tr.gap = gap
	}
	tr.begun, tr.number, tr.last, tr.own, tr.next = true, p.Number, p.DTS, own, next
}

// ideal returns where the sample that comes at its own time was foretold, if it
// comes within 2 ms of that, or else that time.
func (tr *track) ideal(own media.Ticks) (at media.Ticks, foretold bool) {
	near := media.Ticks(tr.scale / 500)
	if off := own - tr.next; tr.next != 0 && off <= near && off >= -near {
		return tr.next, true
	}
	return own, false
}

// newest returns the decode time of the newest sample, waiting or placed.
func (tr *track) newest() media.Ticks {
	if n := len(tr.waiting.samples); n > 0 {
		return tr.waiting.samples[n-1].DTS
	}
	return tr.last
}

func (tr *track) video() bool { return tr.id.Kind == media.Video }

func (tr *track) time(t media.Ticks) time.Duration { return t.Duration(tr.scale) }

// place returns where a decode time is among the boundaries, which are decode times of the lead: what
// is shown together belongs together, and encoders that reorder pictures decode them earlier.
func (tr *track) place(t media.Ticks) time.Duration { return tr.time(t + tr.lag) }

func find(tracks []*track, id media.TrackID) *track {
	for _, tr := range tracks {
		if tr.id == id {
			return tr
		}
	}
	return nil
}
