package segment

import (
	"slices"
	"time"

	"sluice/pkg/media"
)

const (
	// leading is how far sound may be ahead of the picture: what is further is of no use
	// to players yet.
	leading = 500 * time.Millisecond

	// late is by how much other tracks of video are ahead of the one that leads when that is
	// late, and has not paused.
	late = 250 * time.Millisecond

	// heldAtMost is how much sound may wait for the picture.
	heldAtMost = 12 * time.Second
)

// An Interleaver has sound whose times are far ahead of those of the picture wait for
// that, so that both come by their times. While no picture comes, the sound goes on
// as far behind as it was. It is not safe for concurrent use.
type Interleaver struct {
	lead    media.TrackID // the track of video that is the picture, where there are several
	picture time.Duration // decode time of its newest sample, 0 before the first
	others  time.Duration // and of the newest of other tracks of video
	sounds  []sound
	ready   []media.Sample
}

// A sound is a track that waits for the picture.
type sound struct {
	id      media.TrackID
	scale   uint32
	waiting queue
	newest  time.Duration // decode time of the newest sample that was taken
	reached time.Duration // how far it had come with the newest picture, 0 if it had not begun
}

// Take takes the next sample of a track of the given timescale and returns the samples,
// of all tracks, that are due then. They are valid until the next call; the data of those
// that wait is retained.
func (l *Interleaver) Take(s media.Sample, scale uint32) []media.Sample {
	l.ready = l.ready[:0]
	at := s.DTS.Duration(scale)
	if s.Track.Kind == media.Video {
		l.ready = append(l.ready, s)
		if l.lead.Kind == media.Video && s.Track != l.lead {
			l.others = at
			return l.ready
		}
		l.picture = at
		for i := range l.sounds {
			l.sounds[i].reached = l.sounds[i].newest
			l.release(&l.sounds[i])
		}
		return l.ready
	}
	tr := l.sound(s.Track)
	tr.scale, tr.newest = scale, at
	if len(tr.waiting.samples) == 0 && (l.picture == 0 || at <= l.due(tr)) {
		l.ready = append(l.ready, s)
		return l.ready
	}
	tr.waiting.add(s)
	l.release(tr)
	return l.ready
}

// SetLead says which track is the picture, if it is one of video.
func (l *Interleaver) SetLead(id media.TrackID) { l.lead = id }

// Skew returns how far a track of sound is ahead of the picture as they come, negative
// when it is behind; 0 when that is not known.
func (l *Interleaver) Skew(id media.TrackID) time.Duration {
	i := slices.IndexFunc(l.sounds, func(tr sound) bool { return tr.id == id })
	if i < 0 || l.sounds[i].reached == 0 {
		return 0
	}
	return l.sounds[i].reached - l.picture
}

// Bytes returns how many bytes the samples have that wait.
func (l *Interleaver) Bytes() (n int64) {
	for i := range l.sounds {
		n += l.sounds[i].waiting.bytes
	}
	return n
}

// Drop drops what waits of a track. What comes next does not follow.
func (l *Interleaver) Drop(id media.TrackID) { *l.sound(id) = sound{id: id} }

// Reset drops what waits, as nobody has its pictures. What comes next does not follow.
func (l *Interleaver) Reset() { *l = Interleaver{lead: l.lead} }

// due returns the time up to which a sound is due: a little more than where the picture
// is, or would be if it had gone on as the sound has since it last came.
func (l *Interleaver) due(tr *sound) time.Duration {
	gone := time.Duration(0)
	if tr.reached != 0 && l.others <= l.picture+late {
		gone = max(tr.newest-max(tr.reached, l.picture), 0)
	}
	return l.picture + gone + leading
}

// release makes ready what is due of a track, and what has waited for too long.
func (l *Interleaver) release(tr *sound) {
	n, due := 0, max(l.due(tr), tr.newest-heldAtMost)
	for n < len(tr.waiting.samples) && tr.waiting.samples[n].DTS.Duration(tr.scale) <= due {
		n++
	}
	l.ready = append(l.ready, tr.waiting.samples[:n]...)
	tr.waiting.forget(n)
}

// sound returns what is known of a track of sound.
func (l *Interleaver) sound(id media.TrackID) *sound {
	for i := range l.sounds {
		if l.sounds[i].id == id {
			return &l.sounds[i]
		}
	}
	l.sounds = append(l.sounds, sound{id: id})
	return &l.sounds[len(l.sounds)-1]
}
