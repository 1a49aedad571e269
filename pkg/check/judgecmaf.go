package check

import (
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// scale returns what ticks of a timescale are worth.
func scale(ticks uint64, timescale uint32) time.Duration {
	if timescale == 0 {
		return 0
	}
	whole, rest := ticks/uint64(timescale), ticks%uint64(timescale)
	if whole > 9_000_000_000 { // the largest time.Duration
		whole = 9_000_000_000
	}
	high, low := bits.Mul64(rest, uint64(time.Second))
	fraction, _ := bits.Div64(high, low, uint64(timescale)) // rest < timescale, so it fits
	return time.Duration(whole)*time.Second + time.Duration(fraction)
}

// judgeHeader writes down what a CMAF header breaks.
func judgeHeader(h *header, n notes) {
	if len(h.brands) == 0 {
		n.broken("cmaf/brand", 0, "there is no ftyp")
	} else if !slices.ContainsFunc(h.brands, func(b string) bool {
		return b == "iso6" || b == "iso7" || b == "iso8" || b == "iso9" || b == "isoa" || b == "isob" || b == "isoc" || b == "cmfc" || b == "cmf2"
	}) {
		n.broken("cmaf/brand", 0, "ftyp has %q: neither iso6 or later nor cmfc", h.brands)
	}
	if len(h.tracks) != 1 {
		n.broken("cmaf/one-track", 0, "the header has %d tracks", len(h.tracks))
	}
	if !h.fragments {
		n.broken("cmaf/header", 0, "moov has no mvex")
	}
	if h.filled {
		n.broken("cmaf/header", 0, "a sample table of the header has samples")
	}
	if h.movie != 0 {
		n.broken("cmaf/header-duration", 0, "mvhd.duration is %d", h.movie)
	}
	for _, t := range h.tracks {
		if t.tkhd != 0 {
			n.broken("cmaf/header-duration", 0, "tkhd.duration is %d", t.tkhd)
		}
		if t.timescale == 0 {
			n.broken("cmaf/header", 0, "the timescale of track %d is 0", t.id)
		}
		if t.editLists > 1 {
			n.broken("cmaf/edit-list", 0, "the edit list has %d entries", t.editLists)
		}
		if t.entry == "mp4a" && t.esID != 0 {
			n.broken("cmaf/es-id", 0, "ES_ID is %d", t.esID)
		}
	}
}

// A thread is where the media of a track have come to, across chunks and
// segments.
type thread struct {
	started  bool
	next     uint64 // the decode time that must follow
	sequence uint32 // of the last moof
}

// judgeChunks writes down what the chunks of one segment or part break. The
// thread goes on behind them; a new one starts anywhere.
func (t *thread) judgeChunks(chunks []chunk, h *header, n notes) {
	for i := range chunks {
		c := &chunks[i]
		where := fmt.Sprintf("the chunk at byte %d", c.offset)
		judgeForm(c, h, where, n)
		if t.started && c.timed && c.time != t.next {
			n.broken("cmaf/continuity", 0, "%s begins at %d, and the media before it end at %d", where, c.time, t.next)
		}
		if t.started && c.sequence <= t.sequence {
			n.broken("cmaf/sequence-number", 0, "%s has sequence_number %d behind %d", where, c.sequence, t.sequence)
		}
		t.started, t.next, t.sequence = true, c.time+c.duration, c.sequence
	}
}

// judgeForm looks at the boxes of a chunk.
func judgeForm(c *chunk, h *header, where string, n notes) {
	if !c.timed {
		n.broken("cmaf/tfdt", 0, "%s has no tfdt", where)
	}
	if !c.relative {
		n.broken("cmaf/addressing", 0, "%s does not say default-base-is-moof, or has a base-data-offset", where)
	}
	if c.trafs != 1 || c.truns != 1 {
		n.broken("cmaf/fragment", 0, "%s has %d traf and %d trun", where, c.trafs, c.truns)
	}
	if len(h.tracks) == 1 && c.track != h.tracks[0].id {
		n.broken("cmaf/track-id", 0, "%s is of track %d, and the header of track %d", where, c.track, h.tracks[0].id)
	}
	if c.truns == 1 && c.dataAt >= 0 && (c.dataAt < int64(c.moof)+8 || c.dataAt+c.dataSize > int64(c.moof+c.mdat)+16) {
		n.broken("cmaf/data", 0, "%s has samples from byte %d to %d of moof and mdat, which have %d and %d", where, c.dataAt, c.dataAt+c.dataSize, c.moof, c.mdat)
	}
	if c.truns == 1 && c.dataSize != int64(c.mdat) {
		n.broken("cmaf/data", 0, "%s has %d bytes of samples in %d bytes of mdat", where, c.dataSize, c.mdat)
	}
	if slices.ContainsFunc(c.samples, func(s sample) bool { return s.duration == 0 }) || len(c.samples) == 0 {
		n.broken("cmaf/samples", 0, "%s has no samples, or one without a duration", where)
	}
}

// total returns how long chunks are.
func total(chunks []chunk) uint64 {
	var sum uint64
	for i := range chunks {
		sum += chunks[i].duration
	}
	return sum
}

// startsSync reports whether the first sample of chunks can be decoded by
// itself.
func startsSync(chunks []chunk) bool {
	return len(chunks) > 0 && len(chunks[0].samples) > 0 && chunks[0].samples[0].sync
}

// hasSync reports whether any sample can.
func hasSync(chunks []chunk) bool {
	return slices.ContainsFunc(chunks, func(c chunk) bool {
		return slices.ContainsFunc(c.samples, func(s sample) bool { return s.sync })
	})
}

const packetSize = 188

// judgeTransport looks at an MPEG-TS segment.
func judgeTransport(data []byte, n notes) {
	if len(data)%packetSize != 0 || len(data) == 0 {
		n.broken("ts/packets", 0, "%d bytes are no whole number of packets", len(data))
	}
	tables := false
	for at := 0; at+packetSize <= len(data); at += packetSize {
		if data[at] != 0x47 {
			n.broken("ts/packets", 0, "the packet at byte %d does not begin with 0x47", at)
			return
		}
		pid := int(data[at+1]&0x1f)<<8 | int(data[at+2])
		tables = tables || pid == 0
	}
	if !tables {
		n.broken("ts/tables", 0, "there is no program association table")
	}
}
