// Package cmaf writes and reads the one stored form of a track: the Common
// Media Application Format of ISO/IEC 23000-19. It does no I/O, reads no clock
// and starts no goroutine.
//
// # What is written
//
// Header makes the CMAF header of a track (ftyp and moov). A Fragmenter makes
// its chunks: each is one moof with one traf with one trun, and the mdat that
// the trun addresses. A segment is any number of chunks in a row, of which the
// first begins with a styp:
//
//	segment = [styp] moof mdat (moof mdat)*
//
// In the file of a segment a uuid box stands behind it, the Record, which is read
// through an io.ReaderAt.
//
// Everything is addressed from the moof, every value of a sample stands in the
// chunk itself, and decode times are 64 bits wide, because they count from the
// Unix epoch. There is one track, of track_ID 1, and no edit list: composition
// offsets are signed instead.
//
// # What is read
//
// ReadSegment and Times read segments back. They accept what a Fragmenter may
// write, and trust nothing of what they read.
//
// # Ownership
//
// A Fragmenter holds the data of a sample from Append to Flush and copies them
// once, into the chunk, which belongs to the caller. Samples that ReadSegment
// returns alias its input.
package cmaf

import "math"

// trackID is the track_ID of every track: each has a header of its own.
const trackID = 1

// Bounds of one chunk. The sizes of boxes are 32 bits wide and trun's data
// offset is signed; the number of samples is far above what a chunk is for.
const (
	maxChunkBytes   = math.MaxInt32
	maxChunkSamples = 1 << 16
)

// maxTicks bounds the decode times that are written and read, so that sums of
// a time and the durations of a chunk cannot overflow.
const maxTicks = 1 << 62

// Sample flags of ISO/IEC 14496-12 8.8.3.1: a sync sample depends on no other
// (sample_depends_on = 2); any other one does (1), and is marked as non-sync.
const (
	syncSample    = 0x02000000
	nonSyncSample = 0x01010000
	nonSyncBit    = 0x00010000
)

// Flags of the tfhd box (ISO/IEC 14496-12 8.8.7).
const (
	tfhdBaseOffset  = 0x000001
	tfhdDescription = 0x000002
	tfhdDuration    = 0x000008
	tfhdSize        = 0x000010
	tfhdFlags       = 0x000020
	tfhdBaseIsMoof  = 0x020000
)

// Flags of the trun box (ISO/IEC 14496-12 8.8.8).
const (
	trunDataOffset = 0x000001
	trunFirstFlags = 0x000004
	trunDuration   = 0x000100
	trunSize       = 0x000200
	trunFlags      = 0x000400
	trunOffset     = 0x000800
	trunColumns    = trunDuration | trunSize | trunFlags | trunOffset
)
