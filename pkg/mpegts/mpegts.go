// Package mpegts packs one media segment as an MPEG-2 transport stream (ISO/IEC
// 13818-1) for HLS, from the samples of a video and an audio track. It does no
// I/O, keeps no state and starts no goroutine.
//
// # Segments that follow each other
//
// Segments are packed on request, in any order, and still read as one stream:
// whatever runs on from one segment to the next follows from the segment's own
// number and samples.
//
//   - Times are the samples' own, on the 90 kHz clock modulo 2^33.
//   - PAT and PMT are sent once a segment, with the segment's number modulo 16
//     as continuity counter.
//   - Every other PID sends a multiple of 16 packets with payload, so its
//     counter starts each segment at 0 and ends it at 15. One PES packet is
//     spread over up to 15 more packets than it needs to make that so.
//
// # The library
//
// PES packets come from gomedia's TSMuxer. It works in milliseconds, writes its
// tables by a clock of its own and panics on some input, so it is given copies
// behind a recover, its tables are dropped and every time stamp is written
// over. None of its types leave this package.
//
// # Ownership
//
// Pack reads samples and never writes to their data; the result is the
// caller's.
package mpegts

import (
	"errors"

	"sluice/pkg/media"
)

// ErrMalformed is wrapped by the error for samples that do not hold what
// media.Sample says, or whose times are too far apart for one segment.
var ErrMalformed = errors.New("malformed samples")

// A Stream is what one elementary stream adds to a segment.
type Stream struct {
	Track   media.Track
	Samples []media.Sample // in decode order; may be empty

	// End is the decode time at which the stream's next segment begins, in
	// the track's timescale, and 0 when it is not known. It matters only to
	// streams of less than ten frames a second: the clock goes on to End
	// when the last frame lasts longer than the clock may be silent.
	End media.Ticks
}

// Pack returns the transport stream of one segment: 188-byte packets, PAT and
// PMT first. Number is the segment's media sequence number, which rises by one
// from segment to segment. Streams are at most one track of
// H.264 and one of AAC, MP3, AC-3 or E-AC-3, in any order. The tables list exactly these, so a track that has no samples in
// this segment is given without them.
//
// An error wraps codec.ErrUnsupported when a track has no place in a transport
// stream, ErrMalformed when it is the samples' fault; any other is a fault of
// the packetiser.
func Pack(number uint64, streams []Stream) ([]byte, error) {
	p, err := newProgram(streams)
	if err != nil {
		return nil, err
	}
	packed, err := p.packetize()
	if err != nil {
		return nil, err
	}
	return p.assemble(number, packed), nil
}
