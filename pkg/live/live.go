// Package live holds what is on air: for each presentation an immutable
// snapshot of its renditions, their windows of segments, and the periods these
// belong to.
//
// One goroutine, the publisher's, changes a presentation; any number read its
// snapshots. A snapshot and everything it points to is never written to again.
package live

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"sync/atomic"
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
	Headers  []*Header // one for each rendition, in the presentation's order
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
	Frames      int
	Independent bool // begins with a sample that a decoder can start at
	Gap         bool // nothing was published for this time; there is no resource
}

// End returns the time at which the segment ends, in ticks.
func (s Segment) End() media.Ticks { return s.Start + s.Duration }

// Timescale returns the unit of the segment's ticks.
func (s Segment) Timescale() uint32 { return s.Header.Track.Timescale }

// Length returns the segment's duration as time.
func (s Segment) Length() time.Duration { return s.Duration.Duration(s.Timescale()) }

// A Rendition is one track of the presentation and its window of segments.
type Rendition struct {
	ID       media.TrackID
	Segments []Segment     // listed, oldest first, numbers without a gap
	Depth    time.Duration // of Segments, together

	Bandwidth int // peak rate of a segment so far, in bits a second, rounded up
	Average   int // mean rate so far, in bits a second

	past    []Removed // no longer listed, still to be had
	longest time.Duration
	bytes   int64
	frames  int
	length  time.Duration
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

// A Snapshot is one state of a presentation.
type Snapshot struct {
	Published      time.Time     // when this state came to be
	TargetDuration time.Duration // whole seconds; no segment is longer (rounded)
	Window         time.Duration // how long segments stay listed
	Renditions     []Rendition   // video first
	Ended          bool          // nothing more will come
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

// A Span is a period and what is listed of it.
type Span struct {
	*Period
	Tracks []Listed // in the order of the period's headers
}

// Listed are the segments of one rendition in one period.
type Listed struct {
	Header    *Header
	Rendition *Rendition
	Segments  []Segment // at least one
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
	return usualRate(float64(l.Rendition.frames) / l.Rendition.length.Seconds())
}

// usualRate returns the rate in use for video that is nearest to the measured
// one, unless it is further away than counting over a few seconds explains.
func usualRate(measured float64) media.Ratio {
	const near = 0.004 // the rates of film and NTSC are 0.001 apart from the whole ones
	var found media.Ratio
	best := near
	for _, whole := range []uint32{10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120} {
		for _, rate := range []media.Ratio{{Num: whole, Den: 1}, {Num: whole * 1000, Den: 1001}} {
			if off := math.Abs(measured/rate.Float() - 1); off < best {
				found, best = rate, off
			}
		}
	}
	return found
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
					span.Tracks = append(span.Tracks, Listed{h, r, listed})
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
	for _, r := range s.Renditions {
		for i := range r.Segments {
			if p := r.Segments[i].Period; !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b *Period) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return all
}

// within returns the run of segments that belong to a period.
func within(segments []Segment, p *Period) []Segment {
	first := slices.IndexFunc(segments, func(s Segment) bool { return s.Period == p })
	if first < 0 {
		return nil
	}
	n := slices.IndexFunc(segments[first:], func(s Segment) bool { return s.Period != p })
	if n < 0 {
		return segments[first:]
	}
	return segments[first : first+n]
}

// Settings are constant for the life of a presentation.
type Settings struct {
	App, Name string
	Window    time.Duration // how long segments stay listed, at least three target durations
	Started   time.Time
}

// A Presentation is one stream on air, or one that has ended and is still
// served.
type Presentation struct {
	Settings
	mu      sync.Mutex // held by writers
	snap    atomic.Pointer[Snapshot]
	earlier atomic.Pointer[Presentation]
}

// New returns a presentation with an empty snapshot.
func New(settings Settings) *Presentation {
	p := &Presentation{Settings: settings}
	p.snap.Store(&Snapshot{Published: settings.Started, Window: settings.Window})
	return p
}

// Blob returns the name under which the store holds a segment of a track.
func (p *Presentation) Blob(id media.TrackID, segment string) string {
	return Blob(p.App, p.Name, id, segment)
}

// Blob returns the name under which the store holds a segment of a track of
// the presentation app/name.
func Blob(app, name string, id media.TrackID, segment string) string {
	return app + "/" + name + "/" + id.String() + "/" + segment + ".m4s"
}

// Follow makes p the successor of an earlier presentation of the same name,
// whose headers and segments viewers may still ask for.
func (p *Presentation) Follow(earlier *Presentation) {
	earlier.earlier.Store(nil) // one is enough: what it followed was over before it began
	p.earlier.Store(earlier)
}

// Earlier returns the presentation that p follows, nil if there is none.
func (p *Presentation) Earlier() *Presentation { return p.earlier.Load() }

// Snapshot returns the current state. It never returns nil, and does not
// block.
func (p *Presentation) Snapshot() *Snapshot { return p.snap.Load() }

// Add appends a finished segment to the rendition of a track, which it makes
// if it is new, and returns the segments that left the window by it. target is
// the promise to players; it must be the same in every call.
func (p *Presentation) Add(id media.TrackID, seg Segment, target time.Duration, now time.Time) (removed []Removed) {
	p.update(now, func(next *Snapshot) {
		next.TargetDuration = target
		r := next.Rendition(id)
		if r == nil {
			next.Renditions = append(next.Renditions, Rendition{ID: id})
			slices.SortStableFunc(next.Renditions, byTrack)
			r = next.Rendition(id)
		}
		removed = r.add(seg, target, max(next.Window, 3*target), now)
	})
	return removed
}

// End says that nothing more will come.
func (p *Presentation) End(now time.Time) {
	p.update(now, func(next *Snapshot) { next.Ended = true })
}

// update publishes a changed copy of the snapshot. Segments are shared with
// older snapshots: appending writes only behind what these can see.
func (p *Presentation) update(now time.Time, change func(*Snapshot)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := *p.snap.Load()
	next.Renditions = append([]Rendition(nil), next.Renditions...)
	next.Published = now
	change(&next)
	p.snap.Store(&next)
}

// byTrack orders renditions: video first, then by index.
func byTrack(a, b Rendition) int {
	return cmp.Or(cmp.Compare(a.ID.Kind, b.ID.Kind), cmp.Compare(a.ID.Index, b.ID.Index))
}

// add appends seg and removes from the front what the window does not need. A
// removed segment stays to be had for its own duration and that of the longest
// playlist so far (RFC 8216bis 6.2.2).
func (r *Rendition) add(seg Segment, target, window time.Duration, now time.Time) []Removed {
	r.Segments = append(r.Segments, seg)
	r.Depth += seg.Length()
	r.longest = max(r.longest, r.Depth)
	r.measure(seg, target)
	known := len(r.past)
	for r.Depth-r.Segments[0].Length() >= window {
		first := r.Segments[0]
		r.past = append(r.past, Removed{first, now.Add(r.longest + first.Length())})
		r.Depth -= first.Length()
		r.Segments = r.Segments[1:]
	}
	removed := r.past[known:len(r.past):len(r.past)]
	for len(r.past) > 0 && now.After(r.past[0].Until) {
		r.past = r.past[1:]
	}
	return removed
}

// measure takes a segment into the rendition's bit rates. The peak is that of
// segments from half a target duration on (RFC 8216bis 4.1), and rounded up to
// two digits, so that texts which hold it seldom change.
func (r *Rendition) measure(seg Segment, target time.Duration) {
	length := seg.Length()
	if length <= 0 || seg.Gap {
		return
	}
	r.bytes += seg.Size
	r.frames += seg.Frames
	r.length += length
	r.Average = int(float64(r.bytes) * 8 / r.length.Seconds())
	peak := r.Average + 1
	if length >= target/2 {
		peak = max(peak, int(float64(seg.Size)*8/length.Seconds())+1)
	}
	r.Bandwidth = max(r.Bandwidth, roundUp(peak))
}

// roundUp rounds n up to two significant digits.
func roundUp(n int) int {
	unit := 1
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit - 1) / unit * unit
}
