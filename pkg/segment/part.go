package segment

import (
	"time"

	"sluice/pkg/media"
)

const (
	// hole is by how much a sample must be late to be left where it is.
	hole = time.Second

	// A part has at least fill/100 of its target.
	fill = 85

	// A part of one frame that is longer than the target by a part of itself is
	// cut short: the frame rate is a little lower than it was.
	smallPart = 8
)

// follow settles the target of parts if the sample may end one, and returns
// the sample as it follows the last of its track.
func (c *Cutter) follow(tr *track, s media.Sample) media.Sample {
	if c.part == 0 && tr.begun && tr.time(s.DTS+s.Length-tr.part)*100 >= c.config.Part*fill {
		c.settle()
	}
	return tr.moved(s)
}

// moved returns a sample with the decode time at which it follows the last: the
// end of what that ended, or where its part must end.
func (tr *track) moved(s media.Sample) media.Sample {
	if !tr.begun {
		return s
	}
	at := s.DTS
	if tr.ended != None {
		if tr.time(at-tr.end) <= hole {
			at = tr.end
		}
	} else if end := tr.part + tr.longest; tr.longest != 0 && at > end {
		// It must itself go into the part that it begins then.
		if usual := tr.usual(s); usual != 0 && at-end+usual <= tr.longest {
			at = end
		}
	}
	return tr.move(s, max(at, tr.last+1))
}

// move gives a sample another decode time. Audio is heard then.
func (tr *track) move(s media.Sample, at media.Ticks) media.Sample {
	late := s.DTS - at
	if late == 0 {
		return s
	}
	s.DTS = at
	if s.Length != 0 {
		s.Length = max(s.Length+late, 0)
	}
	if tr.video() {
		// Players stop where nothing is to be shown for longer than a frame.
		s.Offset = max(s.Offset+min(late, tr.usual(s)), min(s.Offset, 0))
	}
	return s
}

// usual returns the time from a sample to the next when nothing is missing, 0
// when nobody knows.
func (tr *track) usual(s media.Sample) media.Ticks {
	if tr.step == 0 {
		return s.Length
	}
	return tr.step
}

// cut returns what begins with a sample of the current segment, which had a
// decode time of its own before it was moved.
func (tr *track) cut(s media.Sample, own media.Ticks) Cut {
	step := max(own-tr.own, tr.gap)
	if s.Length != 0 {
		step = s.Length
	}
	switch length := s.DTS - tr.part; {
	case tr.ended == Part:
		return Part
	case tr.longest != 0 && (length >= tr.longest || tr.full(length, step)):
		return Part
	case tr.ended == Chunk, tr.longestChunk != 0 && s.DTS-tr.chunk+step > tr.longestChunk:
		return Chunk
	}
	return None
}

// full reports whether a part of the given length may end, and must when
// another frame comes.
func (tr *track) full(length, step media.Ticks) bool {
	return length >= tr.least && length+step > tr.longest
}

// ends returns what ends with p, the last sample of a track, and sets its
// Length to what it then lasts.
func (c *Cutter) ends(tr *track, p *Placed) Cut {
	tr.ended = None
	if p.Length <= 0 {
		return None
	}
	end := p.DTS + p.Length
	length, usual := end-tr.part, tr.usual(p.Sample)
	switch {
	case c.endsSegment(tr, tr.place(end)):
		c.settle()
		tr.ended = Part
	case tr.longest != 0 && (length > tr.longest || tr.full(length, usual)):
		tr.ended = Part
	case tr.longestChunk != 0 && end-tr.chunk+usual > tr.longestChunk:
		tr.ended = Chunk
	default:
		return None
	}
	if tr.part == p.DTS {
		usual /= smallPart
	}
	if over := length - tr.longest; tr.ended == Part && over > 0 && over <= usual {
		end -= over
	}
	tr.end, p.Length = end, end-p.DTS
	return tr.ended
}
