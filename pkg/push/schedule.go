package push

import (
	"iter"
	"time"
)

// An event is a sample and when it is due, counted from the first one.
type event struct {
	*sample
	dts, pts time.Duration
}

// play yields the samples of the clip with their times, in decode order, once
// or, with loop, for ever.
//
// Pictures come again after one period. Sound goes on in whole frames, so that a
// decoder sees neither gap nor overlap; a loop plays as many frames as bring it
// nearest to where the clip has it, and is thus off by half a frame at most.
func (c *Clip) play(loop bool) iter.Seq[event] {
	return func(yield func(event) bool) {
		pictures := lane{samples: c.pictures, period: c.period, loop: loop}
		sounds := lane{samples: c.sounds, period: c.period, loop: loop}
		if c.audio != nil {
			sounds.frame = c.audio.frame
		}
		picture, seen := pictures.next()
		sound, heard := sounds.next()
		for seen || heard {
			if seen && (!heard || picture.dts <= sound.dts) {
				if !yield(picture) {
					return
				}
				picture, seen = pictures.next()
				continue
			}
			if !yield(sound) {
				return
			}
			sound, heard = sounds.next()
		}
	}
}

// A lane is one track on its way through the loops.
type lane struct {
	samples []sample
	period  time.Duration
	frame   time.Duration // the length of every sample; 0 if it is not known
	loop    bool

	index int           // of the next sample
	begin time.Duration // of this loop
	late  time.Duration // how much later than the loop its samples are
}

// next returns the next sample, false at the end.
func (l *lane) next() (event, bool) {
	if len(l.samples) == 0 {
		return event{}, false
	}
	if l.done() {
		if !l.loop {
			return event{}, false
		}
		l.rewind()
	}
	s := &l.samples[l.index]
	l.index++
	shift := l.begin + l.late
	return event{s, s.dts + shift, s.pts + shift}, true
}

// done reports whether this loop has played all its samples, or the next one is
// nearer to the beginning of the next loop.
func (l *lane) done() bool {
	if l.index == len(l.samples) {
		return true
	}
	into := l.samples[l.index].dts - l.samples[0].dts + l.late
	return l.loop && l.frame > 0 && l.index > 0 && into+l.frame/2 > l.period
}

// rewind begins the next loop. Where the length of a frame is known the first
// one follows the last one, unless that is over a frame away from where it should
// be: then there is a gap in the clip itself.
func (l *lane) rewind() {
	ended := l.samples[l.index-1].dts + l.frame + l.late - l.period
	l.index = 0
	l.begin += l.period
	l.late = 0
	if late := ended - l.samples[0].dts; late.Abs() <= l.frame {
		l.late = late
	}
}

// millis returns t as an RTMP timestamp, modulo 2^32.
func millis(t time.Duration) uint32 {
	return uint32(t.Round(time.Millisecond).Milliseconds())
}
