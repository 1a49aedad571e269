package cmaf_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/cmaf"
	"sluice/pkg/media"
)

// sound returns a segment of two chunks to spoil: every column is in use in the
// first, and none in the second.
func sound(tb testing.TB) []byte {
	f := cmaf.NewFragmenter(videoTrack(), 1)
	f.Flush(0)
	first := chunkOf(tb, f, frames(videoID, epoch, 3000, "pIb"), epoch+9001)
	return append(first, chunkOf(tb, f, frames(videoID, epoch+9001, 3000, "p"), epoch+12001)...)
}

// put writes a 32-bit word at a distance from the nth box of a name.
func put(b []byte, name string, nth, distance int, word uint32) {
	at := -1
	for range nth {
		at += 1 + bytes.Index(b[at+1:], []byte(name))
	}
	binary.BigEndian.PutUint32(b[at+distance:], word)
}

// spoiltCases are segments that ReadSegment must refuse: what is done to a
// sound one, how many samples come before, and a word of the error.
var spoiltCases = []struct {
	name    string
	spoil   func(b []byte) []byte
	samples int
	want    string
}{
	{"empty", func([]byte) []byte { return nil }, 0, "no data"},
	{"half a box header", func(b []byte) []byte { return b[:5] }, 0, "truncated box header"},
	{"only a styp", func(b []byte) []byte { return b[:28] }, 0, "truncated box header"},
	{"no mdat", func(b []byte) []byte { return b[:bytes.Index(b, []byte("mdat"))-4] }, 0, "truncated box header"},
	{"cut in the mdat", func(b []byte) []byte { return b[:bytes.Index(b, []byte("mdat"))+9] }, 0, "mdat"},
	{"cut in the second chunk", func(b []byte) []byte { return b[:len(b)-1] }, 3, "mdat"},
	{"a header in front", func(b []byte) []byte { put(b, "styp", 1, 0, 0x66747970); return b }, 0, `"ftyp"`},
	{"two moofs", func(b []byte) []byte { put(b, "mdat", 1, 0, 0x6d6f6f66); return b }, 0, "mdat is due"},
	{"box of size 0", func(b []byte) []byte { put(b, "styp", 1, -4, 0); return b }, 0, "of 0 bytes"},
	{"box of size 1", func(b []byte) []byte { put(b, "moof", 1, -4, 1); return b }, 0, "of 1 bytes"},
	{"box of size 7", func(b []byte) []byte { put(b, "mfhd", 1, -4, 7); return b }, 0, "of 7 bytes"},
	{"box beyond the end", func(b []byte) []byte { put(b, "mdat", 2, -4, 1<<31); return b }, 3, "are left"},
	{"trun beyond its traf", func(b []byte) []byte { put(b, "trun", 1, -4, 81); return b }, 0, "are left"},
	{"traf beyond its moof", func(b []byte) []byte { put(b, "traf", 1, -4, 1000); return b }, 0, "are left"},
	{"no traf", func(b []byte) []byte { put(b, "traf", 1, 0, 0); return b }, 0, "one traf"},
	{"no tfdt", func(b []byte) []byte { put(b, "tfdt", 1, 0, 0); return b }, 0, "one tfdt"},
	{"base data offset", func(b []byte) []byte { put(b, "tfhd", 1, 4, 0x020023); return b }, 0, "tfhd with flags"},
	{"base is not the moof", func(b []byte) []byte { put(b, "tfhd", 1, 4, 0x000022); return b }, 0, "tfhd with flags"},
	{"tfhd without a field", func(b []byte) []byte { put(b, "tfhd", 1, 4, 0x02003a); return b }, 0, "truncated tfhd"},
	{"tfhd with a field more", func(b []byte) []byte { put(b, "tfhd", 2, 4, 0x02002a); return b }, 3, "after tfhd"},
	{"another track", func(b []byte) []byte { put(b, "tfhd", 1, 8, 2); return b }, 0, "track_ID 2"},
	{"tfdt of 32 bits", func(b []byte) []byte { put(b, "tfdt", 1, 4, 0); return b }, 0, "tfdt of version 0"},
	{"decode time out of range", func(b []byte) []byte { put(b, "tfdt", 1, 8, 1<<31); return b }, 0, "out of range"},
	{"decode time goes back", func(b []byte) []byte { put(b, "tfdt", 2, 12, 0); return b }, 3, "before"},
	{"trun of version 0", func(b []byte) []byte { put(b, "trun", 1, 4, 0xf01); return b }, 0, "trun of version 0"},
	{"no data offset", func(b []byte) []byte { put(b, "trun", 1, 4, 1<<24|0xf00); return b }, 0, "flags"},
	{"wrong data offset", func(b []byte) []byte { put(b, "trun", 1, 12, 7); return b }, 0, "data offset 7"},
	{"no samples", func(b []byte) []byte { put(b, "trun", 2, 8, 0); return b }, 3, "0 samples"},
	{"too few samples", func(b []byte) []byte { put(b, "trun", 1, 8, 2); return b }, 0, "2 samples"},
	{"too many samples", func(b []byte) []byte { put(b, "trun", 1, 8, 4); return b }, 0, "4 samples"},
	{"far too many samples", func(b []byte) []byte { put(b, "trun", 1, 8, 0xffffffff); return b }, 0, "4294967295 samples"},
	{"count without columns", func(b []byte) []byte { put(b, "trun", 2, 8, 0xffffffff); return b }, 3, "4294967295 samples"},
	{"count that overflows", func(b []byte) []byte { put(b, "trun", 1, 8, 1<<28+3); return b }, 0, "268435459 samples"},
	{"a value left open", func(b []byte) []byte { put(b, "trun", 1, 4, 1<<24|0xe01); put(b, "trun", 1, 8, 4); return b }, 0, "leave a value open"},
	{"a sample of no size", func(b []byte) []byte { put(b, "trun", 1, 20, 0); return b }, 0, "0 bytes"},
	{"a sample of no duration", func(b []byte) []byte { put(b, "trun", 1, 16, 0); return b }, 0, "0 ticks"},
	{"sizes beyond the mdat", func(b []byte) []byte { put(b, "trun", 1, 20, 0x7fffffff); return b }, 0, "in an mdat"},
	{"sizes short of the mdat", func(b []byte) []byte { put(b, "trun", 1, 20, 1); return b }, 0, "in an mdat"},
}

func TestReadSegmentRefuses(t *testing.T) {
	for _, c := range spoiltCases {
		t.Run(c.name, func(t *testing.T) {
			b := c.spoil(sound(t))
			got, end, err := cmaf.ReadSegment(b, videoID)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want one on %q", err, c.want)
			}
			wantEnd := media.Ticks(0)
			if c.samples > 0 {
				wantEnd = epoch + 9001
			}
			if len(got) != c.samples || end != wantEnd {
				t.Errorf("%d samples until %d, want %d until %d", len(got), end, c.samples, wantEnd)
			}
			if _, timesEnd, timesErr := cmaf.Times(b); timesEnd != end || fmt.Sprint(timesErr) != fmt.Sprint(err) {
				t.Errorf("Times: end %d, %v", timesEnd, timesErr)
			}
		})
	}
}

func TestReadSegmentSkipsOtherBoxes(t *testing.T) {
	f := cmaf.NewFragmenter(videoTrack(), 1)
	want := frames(videoID, epoch, 3000, "Ipppb")
	first := chunkOf(t, f, want[:3], want[3].DTS)
	second := chunkOf(t, f, want[3:], epoch+15000)
	prft := []byte("\x00\x00\x00\x20prft\x01\x00\x00\x18\x00\x00\x00\x01timetimetimetime")
	emsg := []byte("\x00\x00\x00\x0cemsg\x00\x00\x00\x00")
	got, end, err := cmaf.ReadSegment(slices.Concat(first, prft, emsg, second), videoID)
	if err != nil || end != epoch+15000 {
		t.Fatalf("end %d, %v", end, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

// TestReadSegmentAliasesItsInput: no copies, and no way to write past a sample.
func TestReadSegmentAliasesItsInput(t *testing.T) {
	b := sound(t)
	got, _, err := cmaf.ReadSegment(b, videoID)
	if err != nil {
		t.Fatal(err)
	}
	last := got[len(got)-1].Data
	if &last[len(last)-1] != &b[len(b)-1] {
		t.Error("the data were copied")
	}
	if d := got[0].Data; len(d) != cap(d) {
		t.Error("data can grow into the next sample")
	}
}

func FuzzReadSegment(f *testing.F) {
	f.Add(sound(f))
	for _, c := range spoiltCases {
		f.Add(c.spoil(sound(f)))
	}
	for _, name := range []string{"avc.chunk.m4s", "aac.segment.m4s"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(checkReading)
}

// checkReading asserts what holds for every input: the samples lie in order in
// it, Times agrees, and what can be read can be written and read again.
func checkReading(t *testing.T, b []byte) {
	samples, end, err := cmaf.ReadSegment(b, videoID)
	start, timesEnd, timesErr := cmaf.Times(b)
	if timesEnd != end || (timesErr == nil) != (err == nil) {
		t.Fatalf("ReadSegment: %d, %v; Times: %d, %v", end, err, timesEnd, timesErr)
	}
	if len(samples) == 0 {
		if err == nil {
			t.Fatal("no samples and no error")
		}
		return
	}
	if start != samples[0].DTS || end <= samples[len(samples)-1].DTS {
		t.Fatalf("%d to %d for samples %d to %d", start, end, samples[0].DTS, samples[len(samples)-1].DTS)
	}
	rest := b
	for i, s := range samples {
		at := bytes.Index(rest, s.Data)
		if at < 0 || s.Track != videoID || i > 0 && s.DTS <= samples[i-1].DTS {
			t.Fatalf("sample %d: %+v", i, s)
		}
		rest = rest[at+len(s.Data):]
	}
	rewrite(t, samples, end)
}

// rewrite sends samples through a Fragmenter and ReadSegment. Chunks end where
// the time between two samples is too long for one.
func rewrite(t *testing.T, samples []media.Sample, end media.Ticks) {
	t.Helper()
	f := cmaf.NewFragmenter(videoTrack(), 1)
	var segment []byte
	for i, s := range samples {
		if i > 0 && s.DTS-samples[i-1].DTS > math.MaxUint32 {
			segment = append(segment, f.Flush(s.DTS)...)
		}
		if err := f.Append(s); err != nil {
			t.Fatalf("sample %d: %v", i, err)
		}
	}
	segment = append(segment, f.Flush(end)...)
	got, gotEnd, err := cmaf.ReadSegment(segment, videoID)
	if err != nil || gotEnd != end {
		t.Fatalf("written again: end %d, %v; want %d", gotEnd, err, end)
	}
	if diff := cmp.Diff(samples, got); diff != "" {
		t.Fatalf("written again (-want +got):\n%s", diff)
	}
}
