package stream

import (
	"time"

	"sluice/pkg/media"
	"sluice/pkg/segment"
)

// A warning is something that a broadcaster should change.
type warning uint8

// What there is to warn of.
const (
	keyless warning = iota
	rareKeys
	hasty
	warnings // how many there are
)

// codeWarning is the code of the onStatus that says so: there is no other that
// encoders know and go on at.
const codeWarning = "NetStream.Publish.Warning"

var texts = [warnings]string{
	keyless:  "video without key frames (IDR): players cannot start; set the encoder's keyframe interval",
	rareKeys: "key frames are too far apart: segments are cut without one, at which players cannot start; set the encoder's keyframe interval",
	hasty:    "publisher is faster than real time: its media are dated into the future",
}

// warn tells the log and the broadcaster of something, once a publisher.
func (p *programme) warn(what warning, id media.TrackID, how string, much time.Duration) {
	if p.warned[what] {
		return
	}
	p.warned[what] = true
	p.log.Warn().Stringer("track", id).Stringer(how, much.Round(time.Millisecond)).Msg(texts[what])
	p.onAir.peer.Warn(codeWarning, texts[what])
}

// watchKeys warns when a broadcaster's video has no key frames, without which
// it cannot begin.
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
	if p.unkeyed > p.env.Config.Segment.Max {
		p.warn(keyless, f.Track, "waited", p.unkeyed)
	}
}

// watchCuts warns when the lead's segments are cut without a key frame.
func (p *programme) watchCuts(s *segment.Placed) {
	if w := p.writer(s.Track); s.Track.Kind == media.Video && !s.Key && w != nil && w.follows(s) {
		p.warn(rareKeys, s.Track, "limit", p.cutter.TargetDuration())
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
