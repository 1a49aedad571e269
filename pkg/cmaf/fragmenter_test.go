package cmaf_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/google/go-cmp/cmp"

	"sluice/pkg/cmaf"
	"sluice/pkg/media"
)

// frames returns samples of id with the pattern of a GOP: "I" is a key frame,
// every other letter is none. Each lasts step ticks; B frames ("b") are shown
// before the frame in front of them.
func frames(id media.TrackID, start, step media.Ticks, pattern string) []media.Sample {
	var all []media.Sample
	for i, c := range pattern {
		s := media.Sample{
			Track: id, Key: c == 'I', DTS: start + media.Ticks(i)*step,
			Data: bytes.Repeat([]byte{byte(c), byte(i)}, 3+i),
		}
		if c == 'b' {
			s.Offset = -step
		}
		all = append(all, s)
	}
	return all
}

// decode reads headers and chunks with mp4ff.
func decode(tb testing.TB, parts ...[]byte) *mp4.File {
	tb.Helper()
	file, err := mp4.DecodeFile(bytes.NewReader(bytes.Join(parts, nil)))
	if err != nil {
		tb.Fatal(err)
	}
	return file
}

// TestChunkBoxes asserts what ISO/IEC 23000-19 asks of every chunk.
func TestChunkBoxes(t *testing.T) {
	for _, c := range []struct {
		name       string
		track      media.Track
		samples    []media.Sample
		end        media.Ticks
		tfhd, trun uint32
	}{
		{
			"video of a constant rate",
			videoTrack(), frames(videoID, epoch, 3000, "pppp"), epoch + 12000, 0x02002a, 0x201,
		},
		{
			"video with B frames and one long frame",
			videoTrack(), frames(videoID, epoch, 3000, "pppb"), epoch + 13000, 0x020022, 0xb01,
		},
		{
			"video with a key frame in the middle",
			videoTrack(), frames(videoID, epoch, 3000, "ppIp"), epoch + 12000, 0x02000a, 0x601,
		},
		{
			"one frame",
			videoTrack(), frames(videoID, epoch, 3000, "I"), epoch + 3000, 0x02003a, 0x001,
		},
		{
			"audio",
			audioTrack(), frames(audioID, epoch, 1024, "aaa"), epoch + 3072, 0x02002a, 0x201,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			init, err := cmaf.Header(c.track)
			if err != nil {
				t.Fatal(err)
			}
			f := cmaf.NewFragmenter(c.track, 7)
			chunk := chunkOf(t, f, c.samples, c.end)
			if len(chunk) != cap(chunk) {
				t.Errorf("%d bytes in a slice of %d", len(chunk), cap(chunk))
			}
			file := decode(t, init, chunk)
			if len(file.Segments) != 1 || len(file.Segments[0].Fragments) != 1 {
				t.Fatal("not one segment of one fragment")
			}
			segment := file.Segments[0]
			if brands := segment.Styp.CompatibleBrands(); segment.Styp.MajorBrand() != "msdh" ||
				!cmp.Equal(brands, []string{"msdh", "cmfs", "cmfl"}) {
				t.Errorf("styp is %s %v", segment.Styp.MajorBrand(), brands)
			}
			moof := segment.Fragments[0].Moof
			if got := names(moof.Children); got != "mfhd traf" {
				t.Errorf("moof holds %q", got)
			}
			if moof.Mfhd.SequenceNumber != 7 || f.Sequence() != 8 {
				t.Errorf("sequence number %d, next %d", moof.Mfhd.SequenceNumber, f.Sequence())
			}
			traf := moof.Traf
			if got := names(traf.Children); got != "tfhd tfdt trun" {
				t.Errorf("traf holds %q", got)
			}
			if traf.Tfhd.Flags != c.tfhd || traf.Tfhd.TrackID != 1 || traf.Tfhd.SampleDescriptionIndex != 1 {
				t.Errorf("tfhd with flags %#x is %+v", traf.Tfhd.Flags, traf.Tfhd)
			}
			if traf.Tfdt.Version != 1 || traf.Tfdt.BaseMediaDecodeTime() != uint64(epoch) {
				t.Errorf("tfdt version %d is %d", traf.Tfdt.Version, traf.Tfdt.BaseMediaDecodeTime())
			}
			if traf.Trun.Version != 1 || traf.Trun.Flags != c.trun {
				t.Errorf("trun version %d with flags %#x", traf.Trun.Version, traf.Trun.Flags)
			}
			if want := int32(moof.Size()) + 8; traf.Trun.DataOffset != want {
				t.Errorf("data offset %d, want %d", traf.Trun.DataOffset, want)
			}
			compare(t, segment.Fragments[0], c.track, c.samples, c.end)
		})
	}
}

// compare asserts that mp4ff reads the samples back from fragment, without any
// help of a trex.
func compare(t *testing.T, fragment *mp4.Fragment, track media.Track, samples []media.Sample, end media.Ticks) {
	t.Helper()
	got, err := fragment.GetFullSamples(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(samples) {
		t.Fatalf("%d samples, want %d", len(got), len(samples))
	}
	for i, s := range samples {
		next := end
		if i+1 < len(samples) {
			next = samples[i+1].DTS
		}
		flags := uint32(0x01010000)
		if s.Key || track.Codec.Kind() == media.Audio {
			flags = 0x02000000
		}
		want := mp4.FullSample{
			Sample:     mp4.NewSample(flags, uint32(next-s.DTS), uint32(len(s.Data)), int32(s.Offset)),
			DecodeTime: uint64(s.DTS), Data: s.Data,
		}
		if diff := cmp.Diff(want, got[i]); diff != "" {
			t.Fatalf("sample %d (-want +got):\n%s", i, diff)
		}
	}
}

// randomSamples returns n samples from start on, and the end of the last one.
func randomSamples(r *rand.Rand, id media.TrackID, start media.Ticks, n int) ([]media.Sample, media.Ticks) {
	constant := r.IntN(2) == 0
	reordered := r.IntN(2) == 0
	samples := make([]media.Sample, n)
	dts := start
	for i := range samples {
		s := media.Sample{Track: id, Key: r.IntN(4) == 0, DTS: dts, Data: make([]byte, 1+r.IntN(40))}
		for j := range s.Data {
			s.Data[j] = byte(r.Uint32())
		}
		if id.Kind == media.Audio {
			s.Key = true
		}
		if reordered {
			s.Offset = media.Ticks(int32(r.Uint32()))
		}
		samples[i] = s
		if constant {
			dts += 1024
		} else {
			dts += 1 + media.Ticks(r.Uint32())>>r.IntN(31)
		}
	}
	return samples, dts
}

// TestChunksReadBack runs random samples through the Fragmenter, mp4ff and
// ReadSegment: all three agree, chunks are contiguous and numbers rise.
func TestChunksReadBack(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		track := videoTrack()
		if seed%2 == 1 {
			track = audioTrack()
		}
		init, err := cmaf.Header(track)
		if err != nil {
			t.Fatal(err)
		}
		f := cmaf.NewFragmenter(track, uint32(seed))
		start := epoch + media.Ticks(r.Int64N(1<<40))
		at := start
		var all []media.Sample
		var segment []byte
		var groups [][]media.Sample
		for range 1 + r.IntN(5) {
			var samples []media.Sample
			samples, at = randomSamples(r, track.ID, at, 1+r.IntN(12))
			opens := len(segment) == 0 && track.ID == videoID && samples[0].Key
			segment = append(segment, chunkOf(t, f, samples, at)...)
			all = append(all, samples...)
			if opens && len(samples) > 1 {
				groups, samples = append(groups, samples[:1]), samples[1:]
			}
			groups = append(groups, samples)
		}

		file := decode(t, init, segment)
		if len(file.Segments) != 1 || len(file.Segments[0].Fragments) != len(groups) {
			t.Fatalf("seed %d: not one segment of %d fragments", seed, len(groups))
		}
		next := uint64(start)
		for i, fragment := range file.Segments[0].Fragments {
			traf := fragment.Moof.Traf
			if got := traf.Tfdt.BaseMediaDecodeTime(); got != next {
				t.Fatalf("seed %d: chunk %d begins at %d, not at %d", seed, i, got, next)
			}
			next += traf.Trun.Duration(traf.Tfhd.DefaultSampleDuration)
			if want := uint32(seed) + uint32(i); fragment.Moof.Mfhd.SequenceNumber != want {
				t.Fatalf("seed %d: sequence number %d, want %d", seed, fragment.Moof.Mfhd.SequenceNumber, want)
			}
			compare(t, fragment, track, groups[i], media.Ticks(next))
		}

		got, end, err := cmaf.ReadSegment(segment, track.ID)
		if err != nil || end != at || uint64(end) != next {
			t.Fatalf("seed %d: end %d, %v; want %d", seed, end, err, at)
		}
		if diff := cmp.Diff(all, got); diff != "" {
			t.Fatalf("seed %d: ReadSegment (-want +got):\n%s", seed, diff)
		}
		first, last, err := cmaf.Times(segment)
		if err != nil || first != start || last != at {
			t.Fatalf("seed %d: times %d to %d, %v; want %d to %d", seed, first, last, err, start, at)
		}
	}
}

// TestKeyFrameByItself takes a segment of video as far as the end of its key frame: mp4ff finds
// that one sample in it, and the rest of the chunk behind it.
func TestKeyFrameByItself(t *testing.T) {
	init, err := cmaf.Header(videoTrack())
	if err != nil {
		t.Fatal(err)
	}
	f := cmaf.NewFragmenter(videoTrack(), 1)
	for i, kinds := range []string{"Ippp", "I", "IIp", "pIp"} {
		f.StartSegment()
		samples := frames(videoID, epoch, 3000, kinds)
		end := epoch + 3000*media.Ticks(len(samples))
		chunk := chunkOf(t, f, samples, end)
		n := f.KeySize()
		if kinds[0] != 'I' {
			if n != 0 {
				t.Errorf("%s: a key frame of %d bytes", kinds, n)
			}
			continue
		}
		key := decode(t, init, chunk[:n])
		compare(t, key.Segments[0].Fragments[0], videoTrack(), samples[:1], epoch+3000)
		still := bytes.Clone(chunk[:n])
		if err := cmaf.Still(still, 180_000); err != nil {
			t.Fatal(err)
		}
		compare(t, decode(t, init, still).Segments[0].Fragments[0], videoTrack(), samples[:1], epoch+180_000)
		if len(samples) > 1 && cmaf.Still(bytes.Clone(chunk), 180_000) == nil || cmaf.Still(still[:n-1], 180_000) == nil {
			t.Errorf("%s: more or less than a key frame was stretched", kinds)
		}
		if rest := chunk[n:]; len(samples) > 1 {
			compare(t, decode(t, init, rest).Segments[0].Fragments[0], videoTrack(), samples[1:], end)
		} else if len(rest) > 0 {
			t.Errorf("%d bytes behind the only frame", len(rest))
		}
		chunkOf(t, f, frames(videoID, end, 3000, "pp"), end+6000)
		if f.KeySize() != n {
			t.Errorf("segment %d: %d bytes of key frame, and behind the next chunk %d", i, n, f.KeySize())
		}
	}
}

func TestChunkGolden(t *testing.T) {
	f := cmaf.NewFragmenter(videoTrack(), 1)
	golden(t, "avc.chunk.m4s", chunkOf(t, f, frames(videoID, epoch, 3000, "Ipb"), epoch+9000))
	f = cmaf.NewFragmenter(audioTrack(), 41)
	first := chunkOf(t, f, frames(audioID, epoch, 1024, "aa"), epoch+2048)
	golden(t, "aac.segment.m4s", append(first, chunkOf(t, f, frames(audioID, epoch+2048, 1024, "a"), epoch+3072)...))
}

func TestStypOpensSegmentsOnly(t *testing.T) {
	f := cmaf.NewFragmenter(audioTrack(), 1)
	at := epoch
	for i, want := range []string{"styp", "moof", "styp", "styp", "moof"} {
		if i == 2 || i == 3 {
			f.StartSegment()
		}
		chunk := chunkOf(t, f, frames(audioID, at, 1024, "aa"), at+2048)
		if got := string(chunk[4:8]); got != want {
			t.Errorf("chunk %d begins with %s, want %s", i, got, want)
		}
		at += 2048
	}
}

func TestFlushOfNothing(t *testing.T) {
	f := cmaf.NewFragmenter(videoTrack(), 5)
	if f.Flush(epoch) != nil || f.Sequence() != 5 || f.Len() != 0 {
		t.Error("an empty Flush made a chunk")
	}
}

func TestFlushBoundsTheLastDuration(t *testing.T) {
	for _, c := range []struct{ end, want media.Ticks }{
		{epoch + 3000, epoch + 3000},
		{epoch, epoch + 1},
		{epoch - 5, epoch + 1},
		{math.MinInt64, epoch + 1},
		{epoch + math.MaxUint32, epoch + math.MaxUint32},
		{epoch + math.MaxUint32 + 1, epoch + math.MaxUint32},
		{math.MaxInt64, epoch + math.MaxUint32},
	} {
		f := cmaf.NewFragmenter(videoTrack(), 1)
		chunk := chunkOf(t, f, frames(videoID, epoch, 3000, "I"), c.end)
		if _, end, err := cmaf.Times(chunk); err != nil || end != c.want {
			t.Errorf("Flush(%d) ends at %d (%v), want %d", c.end, end, err, c.want)
		}
	}
}

// TestAppendRefuses: a refused sample changes nothing.
func TestAppendRefuses(t *testing.T) {
	data := []byte{1}
	for _, c := range []struct {
		name   string
		sample media.Sample
	}{
		{"no data", media.Sample{DTS: epoch + 1}},
		{"a negative time", media.Sample{DTS: -1, Data: data}},
		{"a time out of range", media.Sample{DTS: 1<<62 + 1, Data: data}},
		{"the time of the sample before", media.Sample{DTS: epoch, Data: data}},
		{"a time that goes back", media.Sample{DTS: epoch - 1, Data: data}},
		{"too long a span", media.Sample{DTS: epoch + math.MaxUint32 + 1, Data: data}},
		{"too high an offset", media.Sample{DTS: epoch + 1, Offset: math.MaxInt32 + 1, Data: data}},
		{"too low an offset", media.Sample{DTS: epoch + 1, Offset: math.MinInt32 - 1, Data: data}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := cmaf.NewFragmenter(videoTrack(), 1)
			first := media.Sample{Track: videoID, Key: true, DTS: epoch, Data: data}
			if err := f.Append(first); err != nil {
				t.Fatal(err)
			}
			if err := f.Append(c.sample); err == nil || errors.Is(err, cmaf.ErrFull) {
				t.Errorf("error %v", err)
			}
			if f.Len() != 1 {
				t.Errorf("%d samples wait", f.Len())
			}
			got, end, err := cmaf.ReadSegment(f.Flush(epoch+3000), videoID)
			if diff := cmp.Diff([]media.Sample{first}, got); diff != "" || end != epoch+3000 || err != nil {
				t.Errorf("end %d, %v, samples (-want +got):\n%s", end, err, diff)
			}
		})
	}
}

func TestAppendStopsAtTwoGigabytes(t *testing.T) {
	f := cmaf.NewFragmenter(videoTrack(), 1)
	data := make([]byte, 1<<26) // never written to, so never paged in
	for i := range 31 {
		if err := f.Append(media.Sample{DTS: epoch + media.Ticks(i), Data: data}); err != nil {
			t.Fatalf("sample %d: %v", i, err)
		}
	}
	if err := f.Append(media.Sample{DTS: epoch + 31, Data: data}); !errors.Is(err, cmaf.ErrFull) {
		t.Errorf("error %v, want ErrFull", err)
	}
	if err := f.Append(media.Sample{DTS: epoch + 31, Data: data[:1<<20]}); err != nil {
		t.Errorf("a smaller one: %v", err)
	}
}

func TestAppendStopsAtTooManySamples(t *testing.T) {
	f := cmaf.NewFragmenter(audioTrack(), 1)
	data := []byte{0}
	for i := range media.Ticks(1 << 16) {
		if err := f.Append(media.Sample{DTS: epoch + i, Data: data}); err != nil {
			t.Fatalf("sample %d: %v", i, err)
		}
	}
	if err := f.Append(media.Sample{DTS: epoch + 1<<16, Data: data}); !errors.Is(err, cmaf.ErrFull) {
		t.Errorf("error %v, want ErrFull", err)
	}
	got, _, err := cmaf.ReadSegment(f.Flush(epoch+1<<16), audioID)
	if err != nil || len(got) != 1<<16 {
		t.Errorf("%d samples read back, %v", len(got), err)
	}
}

// TestAllocations: one allocation for a chunk, none for a frame.
func TestAllocations(t *testing.T) {
	f := cmaf.NewFragmenter(videoTrack(), 1)
	samples := frames(videoID, epoch, 3000, "Ippppppp")
	run := func() {
		chunkOf(t, f, samples, epoch+24000)
	}
	run()
	if got := testing.AllocsPerRun(100, run); got != 1 {
		t.Errorf("%v allocations a chunk", got)
	}
	segment := append(chunkOf(t, f, samples, epoch+24000), chunkOf(t, f, frames(videoID, epoch+24000, 3000, "pp"), epoch+30000)...)
	if got := testing.AllocsPerRun(100, func() { _, _, _ = cmaf.Times(segment) }); got != 0 {
		t.Errorf("%v allocations in Times", got)
	}
}

// BenchmarkFragmenter is the cost of a frame at eight frames a part: by size,
// because from some size on all that counts is the copying.
func BenchmarkFragmenter(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"200B", 200}, {"10KB", 10 << 10}} {
		b.Run(size.name, func(b *testing.B) {
			f := cmaf.NewFragmenter(videoTrack(), 1)
			s := media.Sample{Track: videoID, Key: true, DTS: epoch, Data: make([]byte, size.bytes)}
			b.ReportAllocs()
			b.SetBytes(int64(size.bytes))
			for i := 1; b.Loop(); i++ {
				_ = f.Append(s)
				s.DTS += 3000
				if s.Key = i%8 == 0; s.Key {
					f.Flush(s.DTS)
				}
			}
		})
	}
}

func BenchmarkReadSegment(b *testing.B) {
	f := cmaf.NewFragmenter(videoTrack(), 1)
	var segment []byte
	for i := range media.Ticks(8) {
		at := epoch + i*24000
		segment = append(segment, chunkOf(b, f, frames(videoID, at, 3000, "pppppppp"), at+24000)...)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := cmaf.ReadSegment(segment, videoID); err != nil {
			b.Fatal(err)
		}
	}
}
