package hls_test

import (
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

// A studio is a low-latency presentation in the making: what it is told
// becomes new snapshots.
type studio struct {
	*live.Presentation
	targets live.Targets
	period  *live.Period
	lines   map[media.TrackID]*line
}

// A line is one rendition of a studio.
type line struct {
	header  *live.Header
	number  uint64
	at      media.Ticks // the end of what was published
	growing live.Growing
}

func newStudio(window time.Duration, targets live.Targets) *studio {
	return &studio{
		Presentation: live.New(live.Settings{App: "live", Name: "show", Window: window, Started: noon}),
		targets:      targets, lines: map[media.TrackID]*line{},
	}
}

// begin starts a period, at a time for the tracks that are new in it or have
// not come that far.
func (s *studio) begin(sequence uint64, start time.Time, headers ...*live.Header) {
	s.period = &live.Period{Sequence: sequence, Start: start, Headers: headers}
	for _, h := range headers {
		l := s.lines[h.Track.ID]
		if l == nil {
			l = &line{number: 1000}
			s.lines[h.Track.ID] = l
		}
		l.header, l.at = h, max(l.at, media.TicksAt(start, h.Track.Timescale))
	}
}

func (l *line) time() time.Time { return l.at.Time(l.header.Track.Timescale) }

// now is the time that the presentation has come to.
func (s *studio) now() time.Time {
	var now time.Time
	for _, l := range s.lines {
		if at := l.time(); at.After(now) {
			now = at
		}
	}
	return now
}

// part publishes the next part of a rendition. Its first opens a segment.
func (s *studio) part(id media.TrackID, duration media.Ticks, independent bool) {
	l := s.lines[id]
	g := &l.growing
	if len(g.Parts) == 0 {
		g.Segment = live.Segment{
			Number: l.number, Period: s.period, Header: l.header, Name: live.PartName(l.at)[1:], Start: l.at, Independent: independent,
		}
	}
	const size = 30_000
	g.Parts = append(g.Parts, live.Part{Start: l.at, Duration: duration, Offset: g.Size, Size: size, Independent: independent})
	g.Size, g.Duration, g.Frames = g.Size+size, g.Duration+duration, g.Frames+8
	l.at += duration
	s.Grow(id, *g, live.PartName(l.at), s.now())
}

// finish ends the growing segment of a rendition, if there is one.
func (s *studio) finish(id media.TrackID) {
	if l := s.lines[id]; len(l.growing.Parts) > 0 {
		s.add(id, l.growing.Segment)
	}
}

// gap lists a segment in which nothing was published.
func (s *studio) gap(id media.TrackID, duration media.Ticks) {
	l := s.lines[id]
	seg := live.Segment{
		Number: l.number, Period: s.period, Header: l.header, Name: live.PartName(l.at)[1:], Start: l.at, Duration: duration, Gap: true,
	}
	l.at += duration
	s.add(id, seg)
}

func (s *studio) add(id media.TrackID, seg live.Segment) {
	l := s.lines[id]
	s.Add(id, seg, s.targets, s.now())
	l.number++
	l.growing = live.Growing{}
}

// What a studio plays at 29.97 frames a second: parts of seven frames, and in
// audio of eleven; segments of sixty.
const (
	frame        = 3003
	partFrames   = 7
	groupFrames  = 60
	audioFrame   = 1024
	audioFrames  = 11
	partsOfGroup = (groupFrames + partFrames - 1) / partFrames
)

// play publishes so many parts of video, and the audio that goes with them.
func (s *studio) play(parts int) *studio {
	for range parts {
		v := s.lines[v0]
		left := groupFrames - len(v.growing.Parts)*partFrames
		s.part(v0, media.Ticks(min(left, partFrames)*frame), len(v.growing.Parts) == 0)
		last := left <= partFrames
		if last {
			s.finish(v0)
		}
		s.playAudio(v.time(), last)
	}
	return s
}

// playAudio publishes the audio up to a time, if that comes with it.
func (s *studio) playAudio(until time.Time, last bool) {
	a := s.lines[a0]
	if a == nil || s.period.Header(a0) == nil {
		return
	}
	for {
		left := (media.TicksAt(until, 48000) - a.at + audioFrame - 1) / audioFrame
		switch {
		case left >= audioFrames:
			s.part(a0, audioFrames*audioFrame, len(a.growing.Parts) == 0)
			continue
		case last && left > 0:
			s.part(a0, left*audioFrame, len(a.growing.Parts) == 0)
		}
		break
	}
	if last {
		s.finish(a0)
	}
}
