// Package live holds what is on air: for each presentation an immutable
// snapshot of its renditions, their windows of segments, and the periods these
// belong to.
//
// One goroutine, the publisher's, changes a presentation; any number read its
// snapshots. A snapshot and everything it points to is never written to again.
package live

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"time"

	"sluice/pkg/media"
)

// A Header is the CMAF header (initialisation segment) of one track.
type Header struct {
	Track media.Track
	Name  string // of the resource, without its ending: "3f6c0a12b94e57d8"
	Data  []byte
}

// A Period is a stretch of the presentation in which no header changes and
// time runs on without a break. HLS separates periods by discontinuities.
type Period struct {
	Sequence uint64 // counts periods from 0
	Start    time.Time
	First    uint64    // number of its first segment with media; gaps may be listed in front of it
	Headers  []*Header // one for each rendition, in the presentation's order
	Rest     uint64    // in a text that has the rest of a period: number of its first segment; else 0
}

// Header returns the header of a track in the period, nil if it has none.
func (p *Period) Header(id media.TrackID) *Header {
	for _, h := range p.Headers {
		if h.Track.ID == id {
			return h
		}
	}
	return nil
}

// A Segment is one finished media segment of a rendition.
type Segment struct {
	Number      uint64 // media sequence number; equal numbers cover the same time in all renditions
	Period      *Period
	Header      *Header
	Name        string      // of the resource without its ending: "161581317340590"
	Start       media.Ticks // decode time of the first sample
	Offset      media.Ticks // its presentation time less its decode time
	Duration    media.Ticks
	Size        int64 // bytes
	KeySize     int64 // bytes up to the end of the key frame of video that it begins with, which can be played by themselves; 0 if it begins with none
	Frames      int
	Independent bool   // begins with a sample that a decoder can start at
	Gap         bool   // nothing was published for this time; there is no resource
	Lost        bool   // it is a gap because what was published is not there any more
	Parts       []Part // in order; none when it was not cut into parts
	Next        uint64 // sequence number of the period that the next segment begins, if it is known to
}

// End returns the time at which the segment ends, in ticks.
func (s Segment) End() media.Ticks { return s.Start + s.Duration }

// Timescale returns the unit of the segment's ticks.
func (s Segment) Timescale() uint32 { return s.Header.Track.Timescale }

// From returns when the segment begins, since the Unix epoch.
func (s Segment) From() time.Duration { return s.Start.Duration(s.Timescale()) }

// To returns when the segment ends, since the Unix epoch.
func (s Segment) To() time.Duration { return s.End().Duration(s.Timescale()) }

// Length returns the segment's duration as time.
func (s Segment) Length() time.Duration { return s.Duration.Duration(s.Timescale()) }

// Part returns the part of that name.
func (s Segment) Part(name string) (Part, bool) {
	i := slices.IndexFunc(s.Parts, func(p Part) bool { return p.Name() == name })
	if i < 0 {
		return Part{}, false
	}
	return s.Parts[i], true
}

// Targets are promises to players. They never change once they are known.
type Targets struct {
	Segment time.Duration // whole seconds; no segment is longer (rounded)
	Part    time.Duration // no part is longer
	Chunk   time.Duration // no chunk is longer
}

// A Rendition is one track of the presentation and its window of segments.
type Rendition struct {
	ID       media.TrackID
	Segments []Segment     // listed, oldest first, numbers without a gap
	Depth    time.Duration // of Segments, together
	Left     *Period       // the newest of which media have left the window; nil if none have

	Bandwidth    int // peak rate of a segment so far, in bits a second, rounded up
	Average      int // mean rate so far, in bits a second
	KeyBandwidth int // peak rate so far of the key frames that segments begin with, rounded up; 0 if none has begun with one

	Growing *Growing // the segment behind Segments, nil until it has anything
	Hint    string   // name of the part that comes next; empty unless that is certain, should the publisher not be away

	Gone bool   // for now the presentation goes on without it, and has others of its kind
	From uint64 // number of the first segment of a period that is without it, where it is gone; 0 until there is one

	changed chan struct{} // closed when there is a newer state

	dependent int           // how many of Segments begin with a sample that no decoder can start at
	keyless   int           // how many of Segments have media and no KeySize
	gaps      []Segment     // behind all that is listed; they are listed with what comes next
	past      []Removed     // no longer listed, still to be had
	listing   []listing     // of Segments
	floor     time.Duration // of reach, for segments that were listed before anybody could see it here
	longest   time.Duration
	bytes     int64
	frames    int // in length, had there been no pause
	length    time.Duration
}

// A listing is when a segment was new, and how long the playlist was then.
type listing struct {
	at    time.Time
	reach time.Duration
}

// ListedSince reports whether the segment of that index in Segments was not listed
// yet at a time.
func (r *Rendition) ListedSince(i int, at time.Time) bool { return r.listing[i].at.After(at) }

// Independent reports whether all listed segments begin with a sample that a decoder can
// start at.
func (r *Rendition) Independent() bool { return r.dependent == 0 }

// Changed returns a channel that is closed when there is a later state of the
// rendition, or its presentation has ended.
func (r *Rendition) Changed() <-chan struct{} { return r.changed }

// Edge returns the number of the newest segment of which there is anything, and
// how many parts of it there are. It is 0, 0 for an empty rendition.
func (r *Rendition) Edge() (number uint64, parts int) {
	switch n := len(r.Segments); {
	case r.Growing != nil && len(r.Growing.Parts) > 0:
		return r.Growing.Number, len(r.Growing.Parts)
	case n > 0:
		return r.Segments[n-1].Number, len(r.Segments[n-1].Parts)
	}
	return 0, 0
}

// reached returns the sequence number of the newest period that the rendition has
// anything in. It must have something.
func (r *Rendition) reached() uint64 {
	switch n := len(r.Segments); {
	case r.Growing != nil && r.Growing.Size > 0:
		return r.Growing.Period.Sequence
	case n > 0:
		return r.Segments[n-1].Period.Sequence
	}
	return 0
}

// Removed is a segment that left the window.
type Removed struct {
	Segment
	Until time.Time // when it may be deleted
}

// Find returns the segment that match accepts, among those listed and those
// that left the window but can still be had.
func (r *Rendition) Find(match func(*Segment) bool) (Segment, bool) {
	for i := len(r.Segments) - 1; i >= 0; i-- {
		if match(&r.Segments[i]) {
			return r.Segments[i], true
		}
	}
	for i := len(r.past) - 1; i >= 0; i-- {
		if match(&r.past[i].Segment) {
			return r.past[i].Segment, true
		}
	}
	return Segment{}, false
}

// Without returns what is listed without the n newest, behind so many of those that left
// the window that it is as long as a time, as far as they can still be had.
func (r *Rendition) Without(n int, length time.Duration) []Segment {
	rest := r.Segments[:len(r.Segments)-n]
	for _, seg := range rest {
		length -= seg.Length()
	}
	var back []Segment
	for i := len(r.past) - 1; i >= 0 && length > 0 && r.past[i].Number+uint64(len(back))+1 == r.Segments[0].Number; i-- {
		back = append(back, r.past[i].Segment)
		length -= r.past[i].Length()
	}
	if len(back) == 0 {
		return rest
	}
	slices.Reverse(back)
	return append(back, rest...)
}

// A Snapshot is one state of a presentation.
type Snapshot struct {
	Published  time.Time     // when there was news last: see DatedMemo
	Targets    Targets       // zero until a segment is complete
	Window     time.Duration // how long segments stay listed
	Renditions []Rendition   // video first
	Away       bool          // nobody publishes now, but somebody may come back
	Ended      bool          // nothing more will come
	Withdrawn  bool          // and nobody is told of it any more
	Grids      []Grid        // of the periods that are listed, oldest first

	whole   time.Duration // to which Window becomes longer
	memos   *memos
	dated   *memos // shared with the snapshots before that have the same date
	lasting *memos // shared with all
}

// Rendition returns the rendition of a track, nil if there is none.
func (s *Snapshot) Rendition(id media.TrackID) *Rendition {
	for i := range s.Renditions {
		if s.Renditions[i].ID == id {
			return &s.Renditions[i]
		}
	}
	return nil
}

// Announced reports whether manifests may tell of a period: all of its tracks have
// come to it.
func (s *Snapshot) Announced(p *Period) bool {
	for _, h := range p.Headers {
		r := s.Rendition(h.Track.ID)
		if r == nil || r.reached() < p.Sequence {
			return false
		}
	}
	return true
}

// End returns when the last of what is listed ends, zero if nothing is.
func (s *Snapshot) End() (end time.Time) {
	for _, r := range s.Renditions {
		if n := len(r.Segments); n > 0 {
			last := r.Segments[n-1]
			if at := last.End().Time(last.Timescale()); at.After(end) {
				end = at
			}
		}
	}
	return end
}

// A Span is a period and what is listed of it.
type Span struct {
	*Period
	Tracks []Listed // in the order of the period's headers
}

// Listed are the segments of one rendition in one period.
type Listed struct {
	Header    *Header
	Rendition *Rendition
	Segments  []Segment // at least one, where there is no other
	Growing   *Segment  // the one behind them that is being cut, where that is listed as well; else nil
}

// Media returns the segments that are no gaps, the newest first.
func (l Listed) Media() iter.Seq[*Segment] {
	return func(yield func(*Segment) bool) {
		if l.Growing != nil && !yield(l.Growing) {
			return
		}
		for i := len(l.Segments) - 1; i >= 0; i-- {
			if seg := &l.Segments[i]; !seg.Gap && !yield(seg) {
				return
			}
		}
	}
}

// Independent reports whether all segments begin with a sample that a decoder can start
// at.
func (l Listed) Independent() bool {
	if l.Rendition.dependent == 0 {
		return l.Growing == nil || l.Growing.Independent
	}
	for seg := range l.Media() {
		if !seg.Independent {
			return false
		}
	}
	return true
}

// Keyed reports whether any complete segment begins with a key frame that can be played by itself,
// and whether all do that have media.
func (l Listed) Keyed() (some, all bool) {
	switch {
	case l.Rendition.keyless == 0:
		return slices.ContainsFunc(l.Segments, hasMedia), true
	case l.Rendition.keyless == len(l.Rendition.Segments):
		return false, false
	}
	all = true
	for i := range l.Segments {
		if seg := &l.Segments[i]; !seg.Gap {
			some, all = some || seg.KeySize > 0, all && seg.KeySize > 0
		}
	}
	return some, all && some
}

// FrameRate returns the frames a second that the stream declares, or else the
// usual rate that comes near to what it has had so far. It is unknown when
// there is none such.
func (l Listed) FrameRate() media.Ratio {
	if declared := l.Header.Track.FrameRate; declared.Known() {
		return declared
	}
	if l.Rendition.length <= 0 {
		return media.Ratio{}
	}
	const near = 0.004 // the rates of film and NTSC are 0.001 apart from the whole ones
	measured := float64(l.Rendition.frames) / l.Rendition.length.Seconds()
	return media.UsualRate(measured*(1-near), measured*(1+near))
}

// Spans returns the periods of which every rendition has a segment listed,
// oldest first. It is empty until there is something to play.
func (s *Snapshot) Spans() []Span {
	var spans []Span
	for _, p := range s.periods() {
		span := Span{Period: p}
		for _, h := range p.Headers {
			if r := s.Rendition(h.Track.ID); r != nil {
				if listed := within(r.Segments, p); len(listed) > 0 {
					span.Tracks = append(span.Tracks, Listed{Header: h, Rendition: r, Segments: listed})
				}
			}
		}
		if len(span.Tracks) == len(p.Headers) {
			spans = append(spans, span)
		}
	}
	return spans
}

// periods returns the periods that any listed segment belongs to, oldest
// first.
func (s *Snapshot) periods() []*Period {
	var all []*Period
	for i := range s.Renditions {
		for rest := s.Renditions[i].Segments; len(rest) > 0; {
			p := rest[0].Period
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
			rest = rest[before(rest, p.Sequence+1):]
		}
	}
	slices.SortFunc(all, func(a, b *Period) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return all
}

// before returns how many of the segments, which are in order, belong to periods in
// front of that of a sequence number.
func before(segments []Segment, sequence uint64) int {
	return sort.Search(len(segments), func(i int) bool { return segments[i].Period.Sequence >= sequence })
}

// within returns the run of segments that belong to a period, without the gaps in
// front of its media.
func within(segments []Segment, p *Period) []Segment {
	run := segments[before(segments, p.Sequence):before(segments, p.Sequence+1)]
	return run[sort.Search(len(run), func(i int) bool { return run[i].Number >= p.First }):]
}
