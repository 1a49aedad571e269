package segment

import (
	"time"

	"sluice/pkg/media"
)

// A pace is what is known of the length of a track's frames before the target
// of parts is settled.
type pace struct {
	frame media.Ticks // of audio
	rate  media.Ratio // of video, if declared

	last           media.Ticks // decode time of the last sample
	steps          int         // from the first sample to the last
	total          media.Ticks
	shortest, most media.Ticks // of the steps
}

// add takes the decode time of a sample.
func (p *pace) add(at media.Ticks) {
	if p.last != 0 {
		step := at - p.last
		if p.steps == 0 {
			p.shortest, p.most = step, step
		}
		p.shortest, p.most = min(p.shortest, step), max(p.most, step)
		p.steps++
		p.total += step
	}
	p.last = at
}

// frames returns between what bounds the length of the frames is. It is not
// known where they come at no constant rate.
func (p *pace) frames(scale uint32) (shortest, longest time.Duration, known bool) {
	if p.frame > 0 {
		f := p.frame.Duration(scale)
		return f, f, true
	}
	total, n := p.total.Duration(scale), time.Duration(p.steps)
	if p.rate.Known() {
		f := frameOf(p.rate)
		if off := total - n*f; off <= time.Millisecond && off >= -time.Millisecond {
			return f, f, true
		}
	}
	if n == 0 || (p.most-p.shortest-1).Duration(scale) > time.Millisecond {
		return 0, 0, false
	}
	// Times are rounded to milliseconds.
	from, to := (total-time.Millisecond)/n, (total+time.Millisecond)/n
	for rate := range media.UsualRates {
		if f := frameOf(rate); f >= from && f <= to {
			shortest, longest = f, max(longest, f)
		}
	}
	if longest == 0 && n > 1 {
		shortest, longest = from, to
	}
	return shortest, longest, longest > 0
}

func frameOf(rate media.Ratio) time.Duration {
	return time.Duration(uint64(time.Second) * uint64(rate.Den) / uint64(rate.Num))
}

// PartTarget returns the longest duration that a part will have, in whole
// milliseconds. It is 0 until the end of the first part is decided and never
// changes after that. It is what was asked for, or a little more where whole
// frames of some track could not fill that.
func (c *Cutter) PartTarget() time.Duration { return c.part }

// ChunkTarget returns the longest duration that a chunk will have, in whole
// milliseconds: what was asked for, or a frame of any track if that is longer. It
// is known when PartTarget is, and never longer.
func (c *Cutter) ChunkTarget() time.Duration { return c.chunk }

// settle fixes the targets of parts and chunks.
func (c *Cutter) settle() {
	if c.part != 0 {
		return
	}
	c.part = c.partTarget()
	c.chunk = c.chunkTarget()
	for _, tr := range c.tracks {
		tr.limit(c.part, c.config)
	}
}

func (c *Cutter) partTarget() time.Duration {
	const unit = time.Millisecond
	asked := (c.config.Part + unit - 1) / unit * unit
	last := 2 * asked
	for _, tr := range c.tracks {
		_, longest, _ := tr.pace.frames(tr.scale)
		last = max(last, 2*longest)
	}
	for target := asked; target <= last; target += unit {
		if c.filled(target) {
			return target
		}
	}
	return asked
}

func (c *Cutter) chunkTarget() time.Duration {
	const unit = time.Millisecond
	target := c.config.Chunk
	if target == 0 || target >= c.config.Part {
		return c.part
	}
	for _, tr := range c.tracks {
		_, longest, known := tr.pace.frames(tr.scale)
		if !known {
			return c.part
		}
		target = max(target, longest)
	}
	return min((target+unit-1)/unit*unit, c.part)
}

// filled reports whether whole frames of every track fill parts of a duration.
func (c *Cutter) filled(target time.Duration) bool {
	const inexact = time.Microsecond // lengths of frames are rounded
	for _, tr := range c.tracks {
		shortest, longest, known := tr.pace.frames(tr.scale)
		if !known {
			continue
		}
		n := (target + inexact) / longest
		if n == 0 || (n*shortest+inexact)*100 < target*fill {
			return false
		}
	}
	return true
}

// limit sets how long the track's parts and chunks may be.
func (tr *track) limit(part time.Duration, config Config) {
	second := int64(time.Second)
	tr.longest = media.Ticks(int64(part) * int64(tr.scale) / second)
	tr.least = media.Ticks((int64(part)*int64(tr.scale)/100*fill + second - 1) / second)
	if config.Chunk > 0 && config.Chunk < config.Part {
		tr.longestChunk = max(media.Ticks(int64(config.Chunk)*int64(tr.scale)/second), 1)
	}
}
