package mpegts

import (
	"cmp"
	"fmt"
	"slices"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// maxSpan is the longest time, on the 90 kHz clock, that one segment may hold.
// It bounds what a jump in time can cost in packets that carry only the clock.
const maxSpan = 300 * clockRate

// An elementary is one track, ready to be packed.
type elementary struct {
	pid        uint16
	streamType byte
	streamID   byte   // of its PES packets, 0 for the usual one
	registered string // name that the tables give its format
	units      []unit // in decode order

	// append appends the elementary stream of u to dst.
	append func(dst []byte, u unit) []byte
}

// A program is the content of one segment before it is packed.
type program struct {
	streams []elementary // video first
	units   []unit       // of all streams, in the order they are sent
	size    int          // of all samples, in bytes
	end     media.Ticks  // where the clock's stream goes on, 90 kHz; 0 if unknown
}

func newProgram(streams []Stream) (*program, error) {
	p := &program{}
	for _, s := range streams {
		if err := p.add(s); err != nil {
			return nil, fmt.Errorf("track %s: %w", s.Track.ID, err)
		}
	}
	if len(p.streams) == 0 {
		return nil, fmt.Errorf("a segment without tracks is %w", codec.ErrUnsupported)
	}
	if err := p.order(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *program) add(s Stream) error {
	e, err := newElementary(s)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(p.streams, func(o elementary) bool { return o.pid == e.pid }) {
		return fmt.Errorf("a second %s track is %w", s.Track.Codec.Kind(), codec.ErrUnsupported)
	}
	repairTimes(e.units)
	p.streams = append(p.streams, e)
	slices.SortFunc(p.streams, func(a, b elementary) int { return cmp.Compare(a.pid, b.pid) })
	if p.pcrPID() == e.pid {
		p.end = endOf(s, e.units)
	}
	p.units = append(p.units, e.units...)
	for _, sample := range s.Samples {
		p.size += len(sample.Data)
	}
	return nil
}

func newElementary(s Stream) (elementary, error) {
	if s.Track.Timescale == 0 {
		return elementary{}, fmt.Errorf("timescale 0: %w", ErrMalformed)
	}
	switch s.Track.Codec {
	case media.H264:
		return newVideo(s)
	case media.AAC:
		return newAAC(s)
	case media.MP3, media.AC3, media.EAC3:
		return newSound(s)
	case media.HEVC, media.AV1, media.VP9, media.Opus, media.FLAC:
	}
	return elementary{}, fmt.Errorf("%s in a transport stream is %w", s.Track.Codec, codec.ErrUnsupported)
}

// endOf returns the End of s on the 90 kHz clock, 0 when it says nothing or
// nothing that can be: a time before its last unit or long after.
func endOf(s Stream, units []unit) media.Ticks {
	end := s.End.Rescale(s.Track.Timescale, clockRate)
	if s.End <= 0 || end > maxTime || len(units) == 0 {
		return 0
	}
	if last := units[len(units)-1].dts; end <= last || end-last > maxSpan {
		return 0
	}
	return end
}

// pcrPID returns the PID that carries the clock: video if present, else audio.
func (p *program) pcrPID() uint16 { return p.streams[0].pid }

// order sorts the units by decode time, so that nothing comes late. A segment
// opens with the first frame of the stream that carries the clock, unless
// others begin so much earlier that the clock it sets would be past them.
func (p *program) order() error {
	slices.SortStableFunc(p.units, func(a, b unit) int { return cmp.Compare(a.dts, b.dts) })
	if len(p.units) == 0 {
		return nil
	}
	earliest, latest := p.units[0].dts, p.units[len(p.units)-1].dts
	if span := latest - earliest; span > maxSpan {
		return fmt.Errorf("a segment of %v: %w", span.Duration(clockRate), ErrMalformed)
	}
	first := p.firstWithClock()
	if first > 0 && p.units[first].dts-pcrLead <= earliest {
		u := p.units[first]
		p.units = slices.Insert(slices.Delete(p.units, first, first+1), 0, u)
	}
	return nil
}

// firstWithClock returns the index of the first unit whose packets carry the
// clock, -1 if there is none.
func (p *program) firstWithClock() int {
	return slices.IndexFunc(p.units, func(u unit) bool { return u.pid == p.pcrPID() })
}
