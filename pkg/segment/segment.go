// Package segment decides where a live stream is cut into segments, parts and
// chunks. It does no I/O, reads no clock and starts no goroutine: samples go
// in, and come out again with the place they belong to.
//
// # Segments
//
// The lead track, which is the first video track or else the first audio
// track, is cut at key frames that are at least the target duration apart. Its
// cuts are the boundaries of all tracks: every other track begins the segment
// of the same number with its first sample at or after the boundary. So
// samples that run ahead of the lead are held until no boundary can come before
// them, but not for longer than a second of media. Those that are further ahead an
// Interleaver holds.
//
// # The promise
//
// The first whole segment fixes the longest duration that any segment may
// have (TargetDuration). Where the key frame that should end a segment does
// not come in time, the segment is cut without one.
//
// Where samples are missing for longer than a segment may last, the segment in
// front of the hole ends with its last sample, and the one behind it begins with
// the next. Between them are the numbers of a brief segment and of as many others as
// fill the hole, whose boundaries are where they would be (Boundary); the caller can
// list them as gaps. So the sum of all durations is the time that has passed.
//
// # Parts
//
// "The duration of each Partial Segment MUST be at least 85% of the Part Target
// Duration", but for the last one of its segment, and at most all of it (RFC
// 8216bis 4.4.4.9). The first part fixes that target (PartTarget), so that whole
// frames of all tracks fill it. A part has as many frames as go into it.
//
// A part ends with its last sample where the time of the next is foretold
// (Placed.Ends), and else in front of the next sample. The next sample is moved
// to the end that was foretold, and one that comes too late for its part to keep
// the target is moved to where that must end. Later samples have their own
// times again. A moved sample is shown when it was to be, unless it would be
// shown before it is decoded, or be missed by players for more than the time of
// one frame. Where more than a second is missing nothing is moved. All that is
// said here of times holds for the times after that.
//
// Where frames are missing for longer than a part is, one frame lasts longer than
// the target, and so does its part: there is nothing that could be put into
// another one.
package segment

import (
	"time"

	"sluice/pkg/media"
)

// Config says how long segments, parts and chunks shall be.
type Config struct {
	Target time.Duration // a segment ends at the first key frame after this
	Max    time.Duration // the first segment ends here if no key frame comes; at least Target
	Part   time.Duration // how long parts shall be
	Chunk  time.Duration // and the chunks that they consist of; a part is one chunk unless it is less than Part
}

// A Cut says what begins or ends with a sample.
type Cut uint8

// Nothing begins or ends with most samples. A new segment is also a new part,
// and a new part a new chunk.
const (
	None Cut = iota
	Chunk
	Part
	Segment
)

// Placed is a sample and its place: Number counts the segments of the stream
// from 0 and is the same for all tracks.
//
// Ends is Chunk or Part where one ends for sure with the sample, after its
// Length; the track's next sample then has the decode time DTS + Length and
// begins at least the same, unless more than a second is missing or the track
// was released (Release). Otherwise a chunk, part or segment ends where the next
// one begins.
type Placed struct {
	media.Sample
	Cut    Cut // what begins with the sample
	Ends   Cut // what ends with it
	Number uint64
}
