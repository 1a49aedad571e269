package mpegts

import "sluice/pkg/media"

// pcrLead is how much earlier than its decode time a frame arrives, on the 90
// kHz clock: the decoder buffers that much.
const pcrLead = clockRate / 10

// maxPCRGap is how long the clock may be silent (13818-1 2.7.2), on itself.
const maxPCRGap = clockRate / 10

// A clock knows which references a segment needs beyond those in the packets
// that start a frame. The zero value is the clock of a new segment.
type clock struct {
	last    media.Ticks
	running bool
}

// set notes a reference.
func (c *clock) set(at media.Ticks) { c.last, c.running = at, true }

// due sets and returns the reference that must be sent before the clock
// reaches at, if one is left to be sent.
func (c *clock) due(at media.Ticks) (media.Ticks, bool) {
	if !c.running || at-c.last <= maxPCRGap {
		return 0, false
	}
	c.last += maxPCRGap
	return c.last, true
}
