package stream

import (
	"cmp"
	"slices"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/segment"
	"sluice/pkg/timeline"
)

// goOn makes the next publisher go on behind what a restored programme lists, of
// which last was listed last. What viewers had of later segments is lost, and their
// numbers are not used again.
func (p *programme) goOn(last *cmaf.Record, now time.Time) {
	slices.SortFunc(p.eras, func(a, b *era) int { return cmp.Compare(a.Sequence, b.Sequence) })
	p.eras = p.eras[max(len(p.eras)-maxEras, 0):]
	p.era = p.eras[len(p.eras)-1]
	p.next = p.era.Sequence + 1

	end := p.live.Snapshot().End()
	from := now.Truncate(time.Millisecond) // as exactly as publishers are stamped
	if end.After(from) {
		from = end
	}
	past := pastOf(p.live.Snapshot())
	past.TargetDuration, past.PartTarget, past.ChunkTarget = last.SegmentTarget, last.PartTarget, last.ChunkTarget
	number := p.cutter.Continue(past)
	p.clock = timeline.New(from)
	p.before = predecessor{number: number, period: p.next, end: end, seen: now}
}

// pastOf returns where the segments that are listed began, by the first track that
// has them, and where the last of them ended in all tracks.
func pastOf(s *live.Snapshot) segment.Past {
	starts := map[uint64]time.Duration{}
	newest, end := uint64(0), time.Duration(0)
	for _, r := range s.Renditions {
		for _, seg := range r.Segments {
			if _, known := starts[seg.Number]; !known {
				starts[seg.Number] = seg.From()
			}
			if seg.Number >= newest {
				newest, end = seg.Number, max(end, seg.To())
			}
		}
	}
	past := segment.Past{Number: newest, Starts: []time.Duration{starts[newest]}, End: end}
	for {
		at, known := starts[past.Number-1]
		if !known {
			break
		}
		past.Number--
		past.Starts = append(past.Starts, at)
	}
	slices.Reverse(past.Starts)
	return past
}

// tally returns what was known of the track in front of the segment.
func (f *found) tally() live.Tally {
	return live.Tally{Bytes: f.Bytes, Frames: f.Count, Length: f.Length, Longest: f.Longest, Bandwidth: f.Bandwidth}
}

// grid returns the grid that the segment is on, which has a period if there is one.
func (f *found) grid(period *live.Period) live.Grid {
	if f.GridStart == 0 {
		return live.Grid{}
	}
	return live.Grid{Period: period, Number: f.GridNumber, Start: f.GridStart, Length: f.GridLength}
}

func (f *found) targets() live.Targets {
	return live.Targets{Segment: f.SegmentTarget, Part: f.PartTarget, Chunk: f.ChunkTarget}
}
