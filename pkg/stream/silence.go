package stream

import (
	"slices"
	"time"

	"sluice/pkg/codec"
	"sluice/pkg/media"
	"sluice/pkg/timeline"
)

const (
	// mute is for how long other tracks must have come without a track of sound, by the
	// publisher's clock and by ours, for silence to stand in for it. From one frame to
	// the next that counts as at most frameTime: a publisher that pauses lacks nothing.
	mute      = time.Second
	frameTime = 250 * time.Millisecond

	// behindPicture is how far the silence stays behind other tracks: sound that comes
	// back is interleaved with them within that, as a rule.
	behindPicture = 200 * time.Millisecond

	// overdue is how late sound may be that is waited for when it is back. Who once sent
	// some that was later, and then caught up, sends it in bursts: silence waits for the
	// next one for as long as burst.
	overdue = behindPicture + mute/2
	burst   = 2200 * time.Millisecond // a group of pictures, as a rule

	// dropout is how much sound must be missing between two frames, while pictures come,
	// for silence to be put there: publishers' times are not exact.
	dropout = 100 * time.Millisecond

	// bridged is for how long a publisher may send nothing at all, for silence to be put
	// there as well.
	bridged = time.Second

	// interleaved is how far sound is ahead of the picture at most, as a rule.
	interleaved = 500 * time.Millisecond

	// unrelated is how far two tracks are apart that count by clocks of their own.
	unrelated = 10 * time.Second

	// aJump is what two tracks of a publisher are not apart, unless its clock jumped.
	aJump = 5 * time.Second
)

// accept takes a frame of the publisher on air, of any track. It returns false if the
// frame is to be dropped, as silence has its place.
func (p *programme) accept(a arrival) bool {
	step := min(a.at.Sub(p.came), frameTime)
	p.came = a.at
	if a.Track.Kind == media.Audio {
		p.dark += step
		p.watchPicture()
		return p.acceptSound(a)
	}
	p.dark = 0
	back := int32(a.Time-p.shown) < 0 // the clock jumped, and sound is yet to follow
	p.shown = a.Time
	for i := range p.sounds {
		s := &p.sounds[i]
		if ahead := -s.since(a.Time); s.heard && !back && ahead > p.env.config().Segment.Target && ahead < unrelated {
			p.warn(early, s.id, "ahead", ahead)
		}
		s.lacked += step
		p.standIn(s, a)
	}
	return true
}

// standIn puts silence behind a track that nothing comes of, while a comes.
func (p *programme) standIn(s *sound, a arrival) {
	behind, patience := s.since(a.Time), s.patience()
	switch {
	case !s.heard || !slices.Contains(p.active, s.id), s.turns && behind < 0:
		return
	case !s.quiet && (behind < patience || s.lacked < patience):
		return
	case behind > aJump || behind < -aJump:
		s.last, s.ours = a.Time, 0 // the clock jumped: it goes on from there
		return
	case !s.quiet:
		s.quiet = true
		p.repaired[timeline.AudioMissing]++
		p.warn(silent, s.id, "for", behind)
	}
	p.fill(s, a, behind-behindPicture)
}

// fill puts so much silence behind a track as ends within the given time.
func (p *programme) fill(s *sound, a arrival, much time.Duration) {
	end := s.next() + uint32(max(much, 0)/time.Millisecond)
	for s.since(end) >= s.length.Duration(s.scale) {
		p.write(arrival{media.Frame{Track: s.id, Key: true, Time: s.next(), Length: s.length, Data: s.frame}, a.at})
		s.ours++
	}
}

// acceptSound takes a frame of sound, and puts silence in front of it where sound is
// missing. Where there is silence already the frame is dropped; while it is overdue
// silence goes on. A frame that is sent again is dropped.
func (p *programme) acceptSound(a arrival) bool {
	s := p.sound(a.Track)
	if s == nil {
		return true
	}
	if !s.heard && p.active[0].Kind == media.Video {
		from := p.shown
		if s.follows && int32(s.last-from) > 0 {
			from = s.last
		}
		p.leadIn(s, a, from)
	}
	behind := s.since(a.Time)
	if s.repeated(a.Frame) {
		p.clock.Note(timeline.AudioRepeated)
		p.watchRepairs(s.id)
		return false
	}
	if s.quiet {
		if s.late = s.late || behind < -overdue; behind < -overdue {
			return false
		}
		s.quiet, s.bursts = false, s.bursts || s.late
		p.log.Info().Stringer("track", s.id).Msg("track is heard again")
	}
	if s.ours > 0 && behind < 0 && behind >= -overdue {
		return false
	}
	without := max(s.lacked, min(a.at.Sub(s.at), bridged))
	if missing := s.heard && behind > dropout && without > behind/2; (s.ours > 0 || missing) && behind < aJump {
		p.fill(s, a, behind)
	}
	s.last, s.at, s.ours, s.heard, s.lacked, s.late = a.Time, a.at, 0, true, 0, false
	return true
}

// leadIn puts silence in front of the first frame of a track of sound, from a time of the
// publisher on.
func (p *programme) leadIn(s *sound, a arrival, from uint32) {
	s.silenceFrom(from)
	if behind := s.since(a.Time); behind > dropout && behind < unrelated {
		p.fill(s, a, behind)
	}
	s.ours, s.quiet = 0, false
}

// open takes a frame that the stream begins with, behind the first of all.
func (p *programme) open(first, a arrival) {
	if s := p.sound(a.Track); s != nil {
		if !s.heard {
			p.leadIn(s, a, first.Time)
		}
		s.repeated(a.Frame)
		s.last, s.at = a.Time, a.at
	}
	p.write(a)
}

// endSound puts silence behind sound that ends in front of a segment in which the picture
// does, when no more will come.
func (p *programme) endSound() {
	for i := range p.sounds {
		s := &p.sounds[i]
		if missing := p.cutter.Short(s.id); s.heard && missing < burst {
			p.fill(s, arrival{at: p.came}, missing)
		}
	}
}

// keepSound has silence go on in place of sound that viewers have had so far, where
// the publisher that begins with the given frame sends none: most players never go on
// without a track that they had.
func (p *programme) keepSound(first arrival) {
	if p.era == nil || first.Track.Kind == media.Audio {
		return
	}
	for _, h := range p.era.Headers {
		t := h.Track
		if slices.Contains(p.active, t.ID) {
			continue
		}
		if p.declared(t.ID) < 0 && codec.SilentFrame(t) != nil {
			p.declareTrack(t)
		}
		if s := p.sound(t.ID); s != nil {
			p.enlist(t.ID)
			s.silenceFrom(first.Time)
			p.warn(silent, t.ID, "for", 0)
		}
	}
}

// tooLate reports whether a frame of a track that is not on air comes so late behind
// the picture that the segments it belongs to are over. The log and the broadcaster are
// told.
func (p *programme) tooLate(a arrival) bool {
	late := time.Duration(int32(p.shown-a.Time)) * time.Millisecond
	if a.Track.Kind != media.Audio || p.active[0].Kind != media.Video || late < p.env.config().Segment.Target || late > unrelated {
		return false
	}
	p.warn(tardy, a.Track, "late", late)
	return true
}
