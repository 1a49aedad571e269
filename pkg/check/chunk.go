package check

import (
	"fmt"
	"time"
)

// A sample is one access unit.
type sample struct {
	duration, size uint32
	sync           bool
}

// A chunk is one movie fragment and its data.
type chunk struct {
	offset, size int // in the segment, boxes before moof included
	sequence     uint32
	track        uint32
	time         uint64 // tfdt
	timed        bool   // there is a tfdt
	wide         bool   // of 64 bits
	duration     uint64 // of all samples
	samples      []sample
	clock        *producerTime
	brands       []string // of styp before it
	trafs, truns int
	relative     bool  // default-base-is-moof, and no base-data-offset
	dataAt       int64 // where the samples begin, counted from the moof; -1 if not said
	dataSize     int64 // of all samples
	moof, mdat   int   // bytes: of the moof, and of the body of mdat; -1 if there is none
}

// A producerTime is a prft box.
type producerTime struct {
	track uint32
	clock time.Time
	media uint64
}

// readChunks reads a segment, or what has come of it: only whole chunks count.
// Behind an error stand the chunks before it.
func readChunks(data []byte, h *header) ([]chunk, error) {
	boxes, err := splitBoxes(data)
	var chunks []chunk
	next, begun := chunk{mdat: -1}, false
	samples := 0
	for _, b := range boxes {
		if !begun {
			next, begun = chunk{offset: b.offset, mdat: -1}, true
		}
		switch b.kind {
		case "styp":
			next.brands = brands(b.body)
		case "prft":
			next.clock = readProducerTime(b.body)
		case "moof":
			next.moof = b.size
			if e := next.readFragment(b.body, h); e != nil {
				return chunks, fmt.Errorf("moof at byte %d: %w", b.offset, e)
			}
			if samples += len(next.samples); samples > maxSamples {
				return chunks, fmt.Errorf("more than %d samples", maxSamples)
			}
		case "mdat":
			next.mdat, next.size = len(b.body), b.offset+b.size-next.offset
			if next.moof == 0 {
				return chunks, fmt.Errorf("mdat at byte %d stands behind no moof", b.offset)
			}
			chunks = append(chunks, next)
			begun = false
		}
	}
	return chunks, err
}

// ntpEpoch is 1 January 1900 in Unix time.
const ntpEpoch = -2208988800

func readProducerTime(body []byte) *producerTime {
	r := reader{data: body}
	v, _ := r.full()
	p := &producerTime{track: r.u32()}
	ntp := r.u64()
	p.clock = time.Unix(int64(ntp>>32)+ntpEpoch, int64((ntp&0xffffffff)*1e9>>32)).UTC()
	p.media = r.u3264(v)
	if r.short {
		return nil
	}
	return p
}

// readFragment reads a moof.
func (c *chunk) readFragment(moof []byte, h *header) error {
	boxes, err := splitBoxes(moof)
	if err != nil {
		return err
	}
	for _, b := range boxes {
		r := reader{data: b.body}
		switch b.kind {
		case "mfhd":
			r.full()
			c.sequence = r.u32()
		case "traf":
			c.trafs++
			if err := c.readTrackFragment(b.body, h); err != nil {
				return err
			}
		}
		if r.short {
			return fmt.Errorf("%s: %w", b.kind, errShort)
		}
	}
	return nil
}

// readTrackFragment reads a traf.
func (c *chunk) readTrackFragment(traf []byte, h *header) error {
	boxes, err := splitBoxes(traf)
	if err != nil {
		return err
	}
	var defaults track
	for _, b := range boxes {
		r := reader{data: b.body}
		switch b.kind {
		case "tfhd":
			defaults = c.readDefaults(&r, h)
		case "tfdt":
			v, _ := r.full()
			c.time, c.timed, c.wide = r.u3264(v), true, v == 1
		case "trun":
			c.truns++
			if err := c.readRun(&r, defaults); err != nil {
				return err
			}
		}
		if r.short {
			return fmt.Errorf("%s: %w", b.kind, errShort)
		}
	}
	return nil
}

func (c *chunk) readDefaults(r *reader, h *header) track {
	_, flags := r.full()
	c.track = r.u32()
	var d track
	for _, t := range h.tracks {
		if t.id == c.track {
			d = t
		}
	}
	c.relative = flags&0x020000 != 0 && flags&1 == 0
	if flags&0x000001 != 0 {
		r.u64()
	}
	if flags&0x000002 != 0 {
		r.u32()
	}
	if flags&0x000008 != 0 {
		d.defaultDuration = r.u32()
	}
	if flags&0x000010 != 0 {
		d.defaultSize = r.u32()
	}
	if flags&0x000020 != 0 {
		d.defaultFlags = r.u32()
	}
	return d
}

// readRun reads a trun.
func (c *chunk) readRun(r *reader, defaults track) error {
	_, flags := r.full()
	count := r.u32()
	if count > maxSamples || len(c.samples)+int(count) > maxSamples {
		return fmt.Errorf("trun: %d samples", count)
	}
	if flags&0x000001 != 0 {
		c.dataAt = int64(int32(r.u32()))
	} else {
		c.dataAt = -1
	}
	firstFlags, hasFirst := uint32(0), flags&0x000004 != 0
	if hasFirst {
		firstFlags = r.u32()
	}
	for i := range count {
		s := sample{duration: defaults.defaultDuration, size: defaults.defaultSize}
		sampleFlags := defaults.defaultFlags
		if flags&0x000100 != 0 {
			s.duration = r.u32()
		}
		if flags&0x000200 != 0 {
			s.size = r.u32()
		}
		if flags&0x000400 != 0 {
			sampleFlags = r.u32()
		} else if i == 0 && hasFirst {
			sampleFlags = firstFlags
		}
		if flags&0x000800 != 0 {
			r.u32()
		}
		if r.short {
			return fmt.Errorf("trun: %w", errShort)
		}
		s.sync = sampleFlags&0x010000 == 0
		c.duration += uint64(s.duration)
		c.dataSize += int64(s.size)
		c.samples = append(c.samples, s)
	}
	return nil
}
