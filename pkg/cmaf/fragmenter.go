package cmaf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"sluice/pkg/media"
)

// ErrFull is returned by Append when the chunk can hold no more: the caller
// flushes at the sample's decode time and appends it again.
var ErrFull = errors.New("cmaf: the chunk is full")

// A Fragmenter makes the chunks of one track. It belongs to one goroutine and
// serves until the track changes.
//
// The caller keeps the chunks contiguous: the first sample after a Flush has
// the decode time that Flush was given as the end.
type Fragmenter struct {
	sequence  uint32
	timescale uint32
	audio     bool // every sample of an audio track is a sync sample
	opening   bool // the next chunk is the first one of a segment

	start, last media.Ticks // decode times of the first and the last sample
	rows        []row
	data        [][]byte // of the samples, behind the memory for what is in front of them in the chunk
	size        int      // bytes of data
	key         int      // bytes of the newest segment up to the end of its key frame
}

// NewFragmenter returns the Fragmenter of t. Its first chunk begins a segment
// and has the given sequence number; the number rises by one with every moof.
func NewFragmenter(t media.Track, sequence uint32) *Fragmenter {
	return &Fragmenter{
		sequence:  sequence,
		timescale: t.Timescale,
		audio:     t.Codec.Kind() == media.Audio,
		opening:   true,
		data:      make([][]byte, 1),
	}
}

// StartSegment makes the next chunk the first one of a segment: it begins with
// a styp box, and a prft box that says what the wall clock was.
func (f *Fragmenter) StartSegment() { f.opening = true }

// Len returns the number of samples that wait for Flush.
func (f *Fragmenter) Len() int { return len(f.rows) }

// Sequence returns the sequence number of the next moof.
func (f *Fragmenter) Sequence() uint32 { return f.sequence }

// Append adds s to the chunk and holds s.Data until Flush. Samples come in
// decode order; the duration of each is the time to the next.
//
// A sample that cannot be written is refused and changes nothing: ErrFull, or
// an error that says what is wrong with it, which is no data, a decode time
// that does not rise or is negative, or a span that 32 bits cannot hold.
func (f *Fragmenter) Append(s media.Sample) error {
	if err := f.check(s); err != nil {
		return err
	}
	if n := len(f.rows); n == 0 {
		f.start = s.DTS
	} else {
		f.rows[n-1].duration = uint32(s.DTS - f.last)
	}
	flags := uint32(nonSyncSample)
	if s.Key || f.audio {
		flags = syncSample
	}
	f.last = s.DTS
	f.size += len(s.Data)
	f.rows = append(f.rows, row{size: uint32(len(s.Data)), flags: flags, offset: int32(s.Offset)})
	f.data = append(f.data, s.Data)
	return nil
}

func (f *Fragmenter) check(s media.Sample) error {
	switch {
	case len(s.Data) == 0:
		return errors.New("cmaf: a sample without data")
	case s.DTS < 0 || s.DTS > maxTicks:
		return fmt.Errorf("cmaf: decode time %d is out of range", s.DTS)
	case s.Offset < math.MinInt32 || s.Offset > math.MaxInt32:
		return fmt.Errorf("cmaf: composition offset %d is out of range", s.Offset)
	case len(s.Data) > maxChunkBytes-chunkOverhead(1):
		return fmt.Errorf("cmaf: a sample of %d bytes", len(s.Data))
	case len(f.rows) == 0:
		return nil
	case s.DTS <= f.last || s.DTS-f.last > math.MaxUint32:
		return fmt.Errorf("cmaf: decode time %d after %d", s.DTS, f.last)
	case len(f.rows) == maxChunkSamples || len(s.Data) > maxChunkBytes-chunkOverhead(len(f.rows)+1)-f.size:
		return ErrFull
	}
	return nil
}

// Flush returns the chunk of all samples since the last Flush, moof and mdat in
// one slice of exactly their size, and begins an empty one; nil when there are
// no samples. The last sample lasts until end; an end that is not after its
// decode time, or more than 32 bits after it, is taken as the nearest that is
// possible. The key frame that a segment of video begins with has a moof and an
// mdat of its own: see KeySize.
func (f *Fragmenter) Flush(end media.Ticks) []byte {
	n := len(f.rows)
	if n == 0 {
		return nil
	}
	f.rows[n-1].duration = uint32(min(max(end, f.last+1)-f.last, math.MaxUint32))
	chunk := f.chunk()
	clear(f.data[1:]) // let go of the frames
	f.rows, f.data, f.size = f.rows[:0], f.data[:1], 0
	f.opening = false
	return chunk
}

// KeySize returns how many bytes the newest segment has from its beginning to the end of
// the key frame that it begins with, which can be decoded by themselves; 0 if it begins with
// none, or its first chunk is not flushed, or the track is no video.
func (f *Fragmenter) KeySize() int { return f.key }

// Sizes of the boxes that are always the same.
const (
	boxHeader = 8
	mfhdSize  = boxHeader + 8
	tfdtSize  = boxHeader + 12
)

// chunkOverhead bounds the bytes of a chunk of n samples beside their data.
func chunkOverhead(n int) int {
	const fragment = 3*boxHeader + mfhdSize + tfdtSize + maxTfhdSize + maxTrunSize
	return stypSize + prftSize + 2*fragment + n*maxRowSize
}

// chunk writes what has been gathered. The caller has set the last duration.
func (f *Fragmenter) chunk() []byte {
	b := f.data[0][:0]
	if f.opening {
		b = appendPrft(appendStyp(b), f.start, f.timescale)
		f.key = 0
	}
	if f.opening && !f.audio && f.rows[0].flags == syncSample {
		first := len(f.data[1])
		b = f.appendHead(b, f.rows[:1], f.start, first)
		n := len(b)
		f.key = n + first
		if rest := f.rows[1:]; len(rest) > 0 {
			b = f.appendHead(b, rest, f.start+media.Ticks(f.rows[0].duration), f.size-first)
			f.data = slices.Insert(f.data, 2, b[n:])
		}
		f.data[0] = b[:n]
	} else {
		f.data[0] = f.appendHead(b, f.rows, f.start, f.size)
	}
	return bytes.Join(f.data, nil) // which does not clear the memory that it fills
}

// appendHead appends what is in front of samples, which have size bytes: a moof, and the
// beginning of an mdat.
func (f *Fragmenter) appendHead(b []byte, rows []row, start media.Ticks, size int) []byte {
	run := runOf(rows)
	traf := boxHeader + run.tfhdSize() + tfdtSize + run.trunSize()
	moof := boxHeader + mfhdSize + traf
	b = appendBox(b, moof, "moof")
	b = appendFullBox(b, mfhdSize, "mfhd", 0, 0)
	b = binary.BigEndian.AppendUint32(b, f.sequence)
	b = appendBox(b, traf, "traf")
	b = run.appendTfhd(b)
	b = appendFullBox(b, tfdtSize, "tfdt", 1, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(start))
	b = run.appendTrun(b, moof+boxHeader)
	f.sequence++
	return appendBox(b, boxHeader+size, "mdat")
}
