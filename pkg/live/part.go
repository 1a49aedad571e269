package live

import (
	"strconv"

	"sluice/pkg/media"
)

// A Part is a piece of a segment that can be had before the segment is
// complete: one or more whole chunks (RFC 8216bis 3.2, Partial Segment).
type Part struct {
	Start        media.Ticks // decode time of its first sample
	Duration     media.Ticks
	Offset, Size int64 // where it is in its segment, in bytes
	Independent  bool  // has a sample that a decoder can start at
}

// End returns the time at which the part ends, in ticks. The part behind it
// starts there, in the same segment or in the next.
func (p Part) End() media.Ticks { return p.Start + p.Duration }

// Name returns the name of the part's resource without its ending.
func (p Part) Name() string { return PartName(p.Start) }

// PartName returns the name of the part that starts at a decode time. So the
// name of the next part is known from the end of the last one, whether or not
// it opens a new segment.
func PartName(start media.Ticks) string {
	var name [20]byte // a letter and up to 19 digits
	return string(strconv.AppendInt(append(name[:0], 'p'), int64(start), 10))
}

// Growing is a segment that is being cut. What Segment says of it holds for
// what there is so far.
type Growing struct {
	Segment
	Chunks [][]byte // its bytes, in order; they may reach further than the last of Parts does
}

// Slice returns size bytes from offset on, without copying them. They must be
// there.
func (g *Growing) Slice(offset, size int64) [][]byte {
	var out [][]byte
	for _, chunk := range g.Chunks {
		n := int64(len(chunk))
		if from, to := max(offset, 0), min(offset+size, n); from < to {
			out = append(out, chunk[from:to])
		}
		offset -= n
	}
	return out
}
