package cmaf

import (
	"errors"
	"fmt"
	"slices"

	"sluice/pkg/media"
)

// ReadSegment reads the samples of a segment, which is one or more chunks as a
// Fragmenter writes them, each with any styp, prft and emsg boxes in front, and
// perhaps a Record behind them. It returns them in decode order as samples of track id, whose data alias b, and
// the end of the last one.
//
// It never allocates more than a fixed multiple of len(b). When a chunk cannot
// be read, the samples of the chunks before it and their end are returned with
// the error.
func ReadSegment(b []byte, id media.TrackID) ([]media.Sample, media.Ticks, error) {
	var samples []media.Sample
	s := scanner{rest: b, size: len(b)}
	for s.next() {
		samples = s.chunk.appendSamples(samples, id)
	}
	return samples, s.end, s.err
}

// Times returns when the first sample of a segment is decoded and when the last
// one ends. It reads the same segments as ReadSegment and allocates nothing.
// With an error, the times are those of the chunks that could be read.
func Times(b []byte) (start, end media.Ticks, err error) {
	s := scanner{rest: b, size: len(b)}
	for s.next() {
	}
	return s.start, s.end, s.err
}

// A scanner goes through the chunks of a segment.
type scanner struct {
	rest       []byte
	size       int         // of the whole segment
	chunk      chunk       // the current one
	start, end media.Ticks // of the chunks so far
	err        error
}

// next moves on to the next chunk. A chunk must not begin before the end of the
// one in front of it.
func (s *scanner) next() bool {
	if len(s.rest) == 0 {
		if s.size == 0 {
			s.err = errors.New("cmaf segment: no data")
		}
		return false
	}
	at := s.size - len(s.rest)
	if last, rest, err := nextBox(s.rest); at > 0 && err == nil && last.is("uuid") && len(rest) == 0 {
		return false // the record
	}
	c, rest, err := nextChunk(s.rest)
	if err == nil && at > 0 && c.start < s.end {
		err = fmt.Errorf("decode time %d before %d", c.start, s.end)
	}
	if err != nil {
		s.err = fmt.Errorf("cmaf segment at byte %d: %w", at, err)
		return false
	}
	if at == 0 {
		s.start = c.start
	}
	s.chunk, s.rest, s.end = c, rest, c.end
	return true
}

func (c *chunk) appendSamples(samples []media.Sample, id media.TrackID) []media.Sample {
	dts, data := c.start, c.data
	samples = slices.Grow(samples, c.count)
	for r := range c.rows() {
		samples = append(samples, media.Sample{
			Track:  id,
			Key:    r.flags&nonSyncBit == 0,
			DTS:    dts,
			Offset: media.Ticks(r.offset),
			Data:   data[:r.size:r.size],
		})
		dts += media.Ticks(r.duration)
		data = data[r.size:]
	}
	return samples
}
