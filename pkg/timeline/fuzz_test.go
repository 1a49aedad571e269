package timeline_test

import (
	"encoding/binary"
	"testing"
	"time"

	"sluice/pkg/media"
	"sluice/pkg/timeline"
)

// A step of the fuzz target has 16 bytes: what is done to which track, by how
// many ms the wall clock and the raw time go on (or, for a time without sense,
// the raw time), and the composition offset or the timescale.
func script(steps ...[4]uint32) []byte {
	var b []byte
	for _, s := range steps {
		for _, v := range s {
			b = binary.BigEndian.AppendUint32(b, v)
		}
	}
	return b
}

// What a step does, in the lowest byte of its first word; the next byte is the
// track.
const (
	sendFrame = iota
	sendWild
	setTrack
	resume
	actions
)

const onAudio = 1 << 8

func seeds() [][]byte {
	minus := func(n uint32) uint32 { return -n }
	regular := [][4]uint32{{setTrack, 0, 0, 90000}, {setTrack | onAudio, 0, 1024, 44100}}
	for range 20 {
		regular = append(regular, [4]uint32{sendFrame, 20, 40, 80}, [4]uint32{sendFrame | onAudio, 20, 23, 0})
	}
	with := func(steps ...[4]uint32) []byte {
		all := append(append([][4]uint32{}, regular...), steps...)
		return script(append(all, regular[2:]...)...)
	}
	return [][]byte{
		with(),
		with([4]uint32{resume, 5000, 0, 0}),
		with([4]uint32{resume, 0, 0, 0}, [4]uint32{setTrack | onAudio, 0, 1024, 48000}, [4]uint32{sendWild, 0, 7, 0}),
		with([4]uint32{sendFrame, 0, 1 << 31, 0}),
		with([4]uint32{sendFrame, 0, minus(1000), minus(70)}),
		with([4]uint32{sendFrame, 9000, 9000, 1 << 30}, [4]uint32{sendFrame, minus(20000), 40, 0}),
		with([4]uint32{sendFrame, 0, 0, 0}, [4]uint32{sendFrame, 0, 0, 0}, [4]uint32{sendFrame | onAudio, 0, 0, 0}),
		with([4]uint32{setTrack, 0, 0, 1}, [4]uint32{setTrack | onAudio, 0, 1 << 16, 1}),
		retimed(),
	}
}

// retimed changes a timescale twice between two frames that come at once:
// what is lost to rounding each time must not add up.
func retimed() []byte {
	var steps [][4]uint32
	for n := range uint32(50) {
		for scale := range uint32(5) {
			steps = append(steps, [4]uint32{setTrack, 0, 0, (n*7919+scale*104729)%1e6 + 90000})
		}
		steps = append(steps, [4]uint32{sendFrame, 0, n % 2, 0})
	}
	return script(steps...)
}

// FuzzClock does anything to a Clock. Decode times rise, and no picture is
// shown before it is decoded unless its publisher said so, within bounds.
func FuzzClock(f *testing.F) {
	for _, b := range seeds() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		clock, now := timeline.New(start), start
		raw := uint32(1<<32 - 500)
		scales, last := map[media.TrackID]uint32{}, map[media.TrackID]time.Time{}
		for ; len(b) >= 16; b = b[16:] {
			action, id := b[3]%actions, media.TrackID{Kind: media.Video + media.Kind(b[2]&1), Index: b[2] >> 7}
			on, by, value := int32(binary.BigEndian.Uint32(b[4:])), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
			now = now.Add(time.Duration(on) * time.Millisecond)
			switch action {
			case resume:
				clock.Resume()
				continue
			case setTrack:
				scales[id] = 1 + value%1e6
				clock.SetTrack(media.Track{ID: id, Timescale: scales[id], FrameTicks: media.Ticks(by % (1 << 17)), FrameRate: media.Ratio{Num: by, Den: value}})
				continue
			case sendWild:
				raw = by
			default:
				raw += by
			}
			scale, ok := scales[id]
			if !ok {
				scale = media.VideoTimescale
			}
			s := clock.Stamp(media.Frame{Track: id, Time: raw, Offset: int32(value)}, now)
			sent := media.Ticks(min(max(int32(value), -2000), 5000)).Rescale(1000, scale)
			if at := s.DTS.Time(scale); !at.After(last[id]) {
				t.Fatalf("%v is decoded at %v after %v", id, at, last[id])
			} else if last[id] = at; s.Offset < min(sent, 0) || s.Offset > max(sent, 0) {
				t.Fatalf("sent to be shown %d ticks after it is decoded, and shown %d after", sent, s.Offset)
			}
			if s.Length < 0 {
				t.Fatalf("the next frame is foretold %d ticks before", -s.Length)
			}
		}
	})
}
