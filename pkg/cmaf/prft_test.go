package cmaf_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"sluice/pkg/cmaf"
	"sluice/pkg/media"
)

// TestProducerReferenceTime reads the prft box of a segment's first chunk: the
// wall clock that its decode time stands for, as NTP.
func TestProducerReferenceTime(t *testing.T) {
	for _, at := range []time.Time{
		time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 22, 12, 0, 0, 999_999_000, time.UTC),
		time.Date(2036, 2, 7, 6, 28, 17, 500_000_000, time.UTC), // NTP's seconds have begun anew
	} {
		track := audioTrack()
		dts := media.TicksAt(at, track.Timescale)
		f := cmaf.NewFragmenter(track, 1)
		for i, want := range []int{1, 0} {
			start := dts + media.Ticks(i)*1024
			chunk := chunkOf(t, f, frames(audioID, start, 1024, "a"), start+1024)
			boxes := references(t, chunk)
			if len(boxes) != want {
				t.Fatalf("chunk %d has %d prft boxes, want %d", i, len(boxes), want)
			}
			if i > 0 {
				continue
			}
			b := boxes[0]
			if b.Version != 1 || b.Flags != 0 || b.MediaTime != uint64(dts) {
				t.Errorf("prft version %d flags %#x media time %d, want %d", b.Version, b.Flags, b.MediaTime, dts)
			}
			ntp, exact := uint64(b.NTPTimestamp), dts.Time(track.Timescale)
			if got, want := uint32(ntp>>32), uint32(exact.Unix()+2208988800); got != want {
				t.Errorf("%v: prft counts %d seconds since 1900, want %d", at, got, want)
			}
			fraction := time.Duration(ntp & 0xffffffff * 1e9 >> 32)
			if off := fraction - time.Duration(exact.Nanosecond()); off.Abs() > time.Microsecond {
				t.Errorf("%v: prft is off by %v", at, off)
			}
		}
	}
}

func references(t *testing.T, chunk []byte) []*mp4.PrftBox {
	t.Helper()
	var found []*mp4.PrftBox
	r := bytes.NewReader(chunk)
	for at := uint64(0); at < uint64(len(chunk)); {
		box, err := mp4.DecodeBox(at, r)
		if err != nil {
			t.Fatal(err)
		}
		if prft, ok := box.(*mp4.PrftBox); ok {
			found = append(found, prft)
		}
		at += box.Size()
	}
	return found
}
