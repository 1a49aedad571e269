package flv_test

import (
	"encoding/binary"
	"testing"

	"sluice/pkg/flv"
	"sluice/pkg/media"
)

// nowhere is a Handler that keeps nothing.
type nowhere struct{ bytes int }

func (n *nowhere) Track(media.Track) error          { return nil }
func (n *nowhere) Frame(f media.Frame) error        { n.bytes += len(f.Data); return nil }
func (n *nowhere) Refuse(_ media.TrackID, _ string) {}

// picture returns the body of a video message of 10 KB in four slices.
func picture() []byte {
	body := []byte{0x27, 1, 0, 0, 66}
	for range 4 {
		body = binary.BigEndian.AppendUint32(body, 2500)
		body = append(body, 0x41)
		body = append(body, make([]byte, 2499)...)
	}
	return body
}

func TestFramesDoNotAllocate(t *testing.T) {
	var d flv.Demuxer
	h := new(nowhere)
	for _, m := range []string{header, asc} {
		if err := send(t, &d, m, h); err != nil {
			t.Fatal(err)
		}
	}
	body, enhanced, sound := picture(), append([]byte("\xa1avc1"), picture()[2:]...), []byte{0xaf, 1, 0x21, 0x22}
	if n := testing.AllocsPerRun(100, func() {
		_ = d.Video(1, body, h)
		_ = d.Video(1, enhanced, h)
		_ = d.Audio(1, sound, h)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if want := 101 * (2*(len(body)-5) + 2); h.bytes != want {
		t.Errorf("%d bytes, want %d", h.bytes, want)
	}
}

func TestFramesAreSlicesOfTheBody(t *testing.T) {
	var d flv.Demuxer
	r := new(sharing)
	if err := send(t, &d, header, r); err != nil {
		t.Fatal(err)
	}
	body := picture()
	if err := d.Video(1, body, r); err != nil {
		t.Fatal(err)
	}
	if len(r.data) != len(body)-5 || &r.data[0] != &body[5] {
		t.Error("the frame was copied")
	}
}

// sharing keeps the data of the last frame.
type sharing struct {
	nowhere
	data []byte
}

func (s *sharing) Frame(f media.Frame) error { s.data = f.Data; return nil }

func BenchmarkVideo(b *testing.B) {
	inBand := append([]byte{0x17, 1, 0, 0, 0}, unhex(b, "00000019"+sps+"00000005"+pps)...)
	inBand = append(inBand, picture()[5:]...)
	inBand[5+29+9+4] = 0x65
	cases := []struct {
		name   string
		header string
		body   []byte
	}{
		{"clean", header, picture()},
		{"parameter sets in band", header, inBand},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			var d flv.Demuxer
			h := new(nowhere)
			if err := send(b, &d, c.header, h); err != nil {
				b.Fatal(err)
			}
			body := make([]byte, len(c.body))
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				copy(body, c.body)
				if err := d.Video(1, body, h); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAudio(b *testing.B) {
	var d flv.Demuxer
	h := new(nowhere)
	if err := send(b, &d, asc, h); err != nil {
		b.Fatal(err)
	}
	body := append([]byte{0xaf, 1}, make([]byte, 300)...)
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Audio(1, body, h); err != nil {
			b.Fatal(err)
		}
	}
}
