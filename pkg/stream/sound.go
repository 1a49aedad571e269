package stream

import (
	"hash/crc32"
	"slices"
	"time"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// A sound is a track of audio as its publisher sends it. When nothing comes of it
// while other tracks go on, frames of silence stand in for it: players stand still
// where one track ends.
type sound struct {
	id     media.TrackID
	frame  []byte      // of silence
	length media.Ticks // of a frame
	scale  uint32      // of length

	last   uint32        // time of the newest frame that was sent, in ms
	at     time.Time     // when that came
	heard  bool          // there was one
	lacked time.Duration // how long other tracks came since
	ours   media.Ticks   // how many frames of silence were put behind it
	quiet  bool          // silence stands in
	late   bool          // what came since is overdue
	bursts bool          // it comes in bursts
	turns  bool          // sound of another kind is about to take its place

	follows bool // it took the place of another kind, which ended at last

	recent [32]fingerprint // of the frames that were sent last
	oldest int             // of recent
}

// A fingerprint is what two frames of a track have in common that are the same.
type fingerprint struct {
	time uint32 // in ms
	sum  uint32 // of the data
}

// repeated reports whether a frame was sent before, lately, and if not keeps it in mind.
func (s *sound) repeated(f media.Frame) bool {
	p := fingerprint{f.Time, crc32.ChecksumIEEE(f.Data)}
	if slices.Contains(s.recent[:], p) {
		return true
	}
	s.recent[s.oldest] = p
	s.oldest = (s.oldest + 1) % len(s.recent)
	return false
}

// forget is for when others may send next.
func (s *sound) forget() {
	s.heard, s.lacked, s.ours, s.quiet, s.late = false, 0, 0, false, false
	s.recent = [len(s.recent)]fingerprint{}
}

// silenceFrom has silence stand in from a time of the publisher on.
func (s *sound) silenceFrom(at uint32) {
	s.last, s.ours, s.heard, s.quiet, s.late = at-uint32(s.length.Rescale(s.scale, 1000)), 0, true, true, false
}

// patience returns how long other tracks must come for silence to stand in.
func (s *sound) patience() time.Duration {
	if s.bursts {
		return burst
	}
	return mute
}

// next returns the time of the frame behind the newest, in ms modulo 2^32.
func (s *sound) next() uint32 {
	return s.last + uint32(((s.ours+1)*s.length).Rescale(s.scale, 1000))
}

// since returns the time from next to a publisher's time.
func (s *sound) since(at uint32) time.Duration {
	return time.Duration(int32(at-s.next())) * time.Millisecond
}

// sound returns what is known of a track of sound, nil if it has no silence.
func (p *programme) sound(id media.TrackID) *sound {
	i := slices.IndexFunc(p.sounds, func(s sound) bool { return s.id == id })
	if i < 0 {
		return nil
	}
	return &p.sounds[i]
}

// tune takes the configuration of a track, of whose codec there may be silence.
func (f *feed) tune(t media.Track) {
	f.sounds = slices.DeleteFunc(f.sounds, func(s sound) bool { return s.id == t.ID })
	if frame := codec.SilentFrame(t); frame != nil {
		f.sounds = append(f.sounds, sound{id: t.ID, frame: frame, length: t.FrameTicks, scale: t.Timescale})
	}
}
