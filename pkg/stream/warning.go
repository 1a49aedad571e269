package stream

import (
	"time"

	"sluice/pkg/media"
	"sluice/pkg/segment"
	"sluice/pkg/timeline"
)

// A warning is something that a broadcaster should change.
type warning uint8

// What there is to warn of.
const (
	keys warning = iota
	hasty
	large
	tooLarge
	silent
	tardy
	early
	still
	unaligned
	beside
	warnings // how many there are
)

// String returns the warning as people are told.
func (w warning) String() string {
	switch w {
	case keys:
		return "key frames (IDR) are missing or too far apart: players can start at nothing else; set the encoder's keyframe interval"
	case hasty:
		return "publisher is faster than real time: its media are dated into the future"
	case large:
		return "the bit rate is high for what a stream may store (limits.stream_disk): less of it is listed; lower the bit rate"
	case tooLarge:
		return "the bit rate is too high for what a stream may store (limits.stream_disk): viewers get gaps; lower the bit rate or the keyframe interval"
	case silent:
		return "nothing comes of a track of audio: viewers get silence in its place"
	case tardy:
		return "a track of audio comes so late behind the picture that viewers do not get it"
	case early:
		return "a track of audio is far ahead of the picture: viewers get both by their times, which is later than they could"
	case still:
		return "nothing comes of the picture: viewers stand still until it is back"
	case unaligned:
		return "key frames of a track of video are not where those of the first one are, or come a segment later: viewers get it no more; give all the same keyframe interval"
	case beside:
		return "a member of a ladder sends one picture: its other tracks of video are not taken"
	case warnings:
	}
	return ""
}

// code returns the warning's short name, for programs.
func (w warning) code() string {
	return [warnings]string{
		keys: "key-frames-missing", hasty: "faster-than-real-time", large: "bit-rate-high", tooLarge: "bit-rate-too-high",
		silent: "audio-missing", tardy: "audio-late", early: "audio-early", still: "video-missing",
		unaligned: "key-frames-unaligned", beside: "video-track-ignored",
	}[w]
}

// codeWarning is the code of the onStatus that says so: there is no other that
// encoders know and go on at.
const codeWarning = "NetStream.Publish.Warning"

// warn tells the log and the broadcaster of something, once a publisher.
func (p *programme) warn(what warning, id media.TrackID, how string, much time.Duration) {
	if p.warned[what] {
		return
	}
	p.warned[what] = true
	p.log.Warn().Stringer("track", id).Stringer(how, much.Round(time.Millisecond)).Msg(what.String())
	p.onAir.peer.Warn(codeWarning, what.String())
}

// watchKeys warns when a broadcaster's video has no key frame for longer than a
// segment may last.
func (p *programme) watchKeys(f arrival) {
	const pause = time.Second // what is longer says nothing of the key frames
	if f.Track.Kind != media.Video {
		return
	}
	if !p.filmed.IsZero() {
		p.unkeyed += min(f.at.Sub(p.filmed), pause)
	}
	p.filmed = f.at
	if f.Key {
		p.unkeyed = 0
	}
	if p.unkeyed > p.env.config().Segment.Max {
		p.warn(keys, f.Track, "waited", p.unkeyed)
	}
}

// watchPicture warns when nothing comes of the picture while sound goes on, and promises
// viewers no more of it.
func (p *programme) watchPicture() {
	if lead := p.active[0]; lead.Kind == media.Video && p.dark > hushed {
		p.warn(still, lead, "for", p.dark)
		if r := p.live.Snapshot().Rendition(lead); r != nil && r.Hint != "" {
			p.live.Forgo(lead)
		}
	}
}

// watchRepairs tells the log of what was repaired in the publisher's times, once
// each kind.
func (p *programme) watchRepairs(id media.TrackID) {
	now := p.clock.Repairs()
	if now == p.repairs {
		return
	}
	for kind, n := range now {
		if n > p.repairs[kind] && p.repaired[kind] == 0 {
			p.log.Warn().Stringer("track", id).Stringer("repair", timeline.Repair(kind)).Msg("publisher's times are repaired")
		}
		p.repaired[kind] += n - p.repairs[kind]
	}
	p.repairs = now
	p.tellRepairs(false)
	p.examine()
}

// watchCuts warns when the lead's segments are cut without a key frame.
func (p *programme) watchCuts(s *segment.Placed) {
	if w := p.writer(s.Track); s.Track.Kind == media.Video && !s.Key && w != nil && w.follows(s) {
		p.warn(keys, s.Track, "limit", p.cutter.TargetDuration())
	}
}

// watchPace warns when media come so much faster than real time that they are
// dated into the future: DASH players wait until the clock has come there.
func (p *programme) watchPace(f arrival, s media.Sample) {
	scale := p.tracks[p.declared(s.Track)].Timescale
	if ahead := s.DTS.Time(scale).Sub(f.at); ahead > far {
		p.warn(hasty, s.Track, "ahead", ahead)
	}
}
