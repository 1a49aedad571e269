package segment

import "time"

// A Past is what an earlier Cutter left: segments of the lead, and the promises it
// made. There is at least one segment. All times are since the epoch.
type Past struct {
	TargetDuration, PartTarget, ChunkTarget time.Duration

	Number uint64          // of the first of Starts
	Starts []time.Duration // where segments began, without one missing
	End    time.Duration   // where the last of them ended
}

// Continue makes a new Cutter go on with what an earlier one left, as behind a Flush:
// a segment of which nothing is left comes first, and what comes next begins another.
// So no number is used again of which somebody may have seen the beginning. It returns
// the number of that next segment at least.
func (c *Cutter) Continue(p Past) (next uint64) {
	c.promise, c.part, c.chunk = p.TargetDuration, p.PartTarget, p.ChunkTarget
	c.config.Chunk = min(c.config.Chunk, c.chunk)
	older := max(len(p.Starts)-maxBoundaries, 0)
	for i, at := range p.Starts[older:] {
		c.boundaries = append(c.boundaries, boundary{p.Number + uint64(older+i), at})
	}
	c.edge, c.flushed = p.End, true
	return c.boundaries[len(c.boundaries)-1].number + 2
}
