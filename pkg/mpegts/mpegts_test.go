package mpegts_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/codec"
	"sluice/pkg/media"
	"sluice/pkg/mpegts"
)

// epoch is a time of 2026 in seconds.
const epoch = 1795347970

var (
	sps = []byte{0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40}
	pps = []byte{0x68, 0xeb, 0xe3, 0xcb}
)

func videoTrack() media.Track {
	record := []byte{1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, byte(len(sps))}
	record = append(append(append(record, sps...), 1, 0, byte(len(pps))), pps...)
	return media.Track{ID: media.TrackID{Kind: media.Video}, Codec: media.H264, Timescale: media.VideoTimescale, Config: record}
}

// audioTrack is AAC LC, stereo.
func audioTrack(rateIndex byte, rate uint32) media.Track {
	return media.Track{
		ID: media.TrackID{Kind: media.Audio}, Codec: media.AAC, Timescale: rate, FrameTicks: 1024,
		Config: []byte{2<<3 | rateIndex>>1, rateIndex<<7 | 2<<3},
	}
}

// nal returns a NAL unit of n bytes, without zeros.
func nal(r *rand.Rand, kind byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + r.IntN(255))
	}
	if n > 0 {
		b[0] = 3<<5 | kind
	}
	return b
}

// sample joins NAL units with their lengths.
func sample(nals ...[]byte) []byte {
	var b []byte
	for _, n := range nals {
		b = binary.BigEndian.AppendUint32(b, uint32(len(n)))
		b = append(b, n...)
	}
	return b
}

// A source makes consecutive segments of random frames.
type source struct {
	video, audio media.Track
	frame        media.Ticks // length of a video frame; 0 for no video
	perSegment   int         // video frames in a segment
	reorder      bool
	size         int // of a video frame at most
	vt, at       media.Ticks
	rand         *rand.Rand
}

func (s *source) next() []mpegts.Stream {
	video := mpegts.Stream{Track: s.video}
	for i := range s.perSegment {
		kind := byte(1)
		if i == 0 {
			kind = 5
		}
		offset := media.Ticks(0)
		if s.reorder {
			offset = []media.Ticks{2, 4, 1, 1}[i%4] * s.frame
		}
		video.Samples = append(video.Samples, media.Sample{
			Key: i == 0, DTS: s.vt, Offset: offset,
			Data: sample(nal(s.rand, 6, 12), nal(s.rand, kind, 1+s.rand.IntN(s.size))),
		})
		s.vt += s.frame
	}
	video.End = s.vt
	end := s.vt
	if s.frame == 0 {
		end = s.at.Rescale(s.audio.Timescale, 90000) + 180000
	}
	if s.audio.Timescale == 0 {
		return []mpegts.Stream{video}
	}
	audio := mpegts.Stream{Track: s.audio}
	for ; s.at.Rescale(s.audio.Timescale, 90000) < end; s.at += s.audio.FrameTicks {
		audio.Samples = append(audio.Samples, media.Sample{Key: true, DTS: s.at, Data: nal(s.rand, 0, 1+s.rand.IntN(500))})
	}
	audio.End = s.at
	if s.frame == 0 {
		return []mpegts.Stream{audio}
	}
	return []mpegts.Stream{audio, video}
}

var sources = []struct {
	name   string
	source source
}{
	{"video and audio", source{video: videoTrack(), audio: audioTrack(3, 48000), frame: 3000, perSegment: 60, reorder: true, size: 9000}},
	{"44.1 kHz", source{video: videoTrack(), audio: audioTrack(4, 44100), frame: 3600, perSegment: 50, reorder: true, size: 3000}},
	{"video only", source{video: videoTrack(), frame: 1501, perSegment: 120, size: 3000}},
	{"audio only", source{audio: audioTrack(4, 44100)}},
	{"audio of long frames", source{audio: audioTrack(11, 8000)}},
	{"two frames a second", source{video: videoTrack(), frame: 45000, perSegment: 4, size: 9000}},
	{"two frames a second with audio", source{video: videoTrack(), audio: audioTrack(3, 48000), frame: 45000, perSegment: 4, reorder: true, size: 9000}},
	{"eleven frames a second", source{video: videoTrack(), audio: audioTrack(8, 16000), frame: 9007, perSegment: 20, size: 9000}},
	{"one tiny frame a segment", source{video: videoTrack(), frame: 3000, perSegment: 1, size: 1}},
	{"a PES packet beyond 64 KB", source{video: videoTrack(), frame: 3000, perSegment: 3, size: 150000}},
}

// starts are times at the beginning of a segment: today, and such that the
// 33-bit clock wraps within it or at its end.
func starts() map[string]media.Ticks {
	wrapped := (media.Ticks(epoch)*90000>>33 + 1) << 33
	return map[string]media.Ticks{
		"today": epoch * 90000, "before wrap": wrapped - 270000, "at wrap": wrapped, "clock at wrap": wrapped + 9000, "zero": 0,
	}
}

func TestConsecutiveSegmentsAreOneStream(t *testing.T) {
	for _, c := range sources {
		for when, start := range starts() {
			t.Run(c.name+"/"+when, func(t *testing.T) {
				s := c.source
				s.rand = rand.New(rand.NewPCG(1, 2))
				s.vt = start
				if s.audio.Timescale != 0 {
					s.at = start.Rescale(90000, s.audio.Timescale) + 100
				}
				check := newChecker(t)
				for number := range uint64(5) {
					streams := s.next()
					b, err := mpegts.Pack(number+14, streams)
					if err != nil {
						t.Fatal(err)
					}
					compare(t, streams, check.segment(b))
				}
			})
		}
	}
}

// compare reports whether the PES packets hold exactly the samples.
func compare(t *testing.T, streams []mpegts.Stream, got []pesPacket) {
	t.Helper()
	for _, s := range streams {
		if s.Track.Codec == media.AAC {
			compareAudio(t, s, got)
		} else {
			compareVideo(t, s, got)
		}
	}
}

func compareVideo(t *testing.T, s mpegts.Stream, got []pesPacket) {
	t.Helper()
	i, packets := 0, 0
	for _, u := range got {
		if u.kind != 0x1b {
			continue
		}
		packets += u.packets
		want := s.Samples[i]
		units, idr := accessUnit(t, u)
		if !bytes.Equal(sample(units...), want.Data) || idr != want.Key {
			t.Fatalf("video sample %d differs", i)
		}
		pts, dts := int64(want.PTS())&(wrap-1), int64(want.DTS)&(wrap-1)
		if u.pts&(wrap-1) != pts || u.dts != dts {
			t.Errorf("video sample %d at %d, %d, want %d, %d", i, u.pts, u.dts, pts, dts)
		}
		i++
	}
	if i != len(s.Samples) || packets%16 != 0 {
		t.Errorf("%d of %d video samples in %d packets", i, len(s.Samples), packets)
	}
}

func compareAudio(t *testing.T, s mpegts.Stream, got []pesPacket) {
	t.Helper()
	rateIndex := s.Track.Config[0]&7<<1 | s.Track.Config[1]>>7
	i, packets := 0, 0
	for _, u := range got {
		if u.kind != 0x0f {
			continue
		}
		packets += u.packets
		want := int64(s.Samples[i].DTS.Rescale(s.Track.Timescale, 90000)) & (wrap - 1)
		if u.pts != want || u.dts != want {
			t.Errorf("audio sample %d at %d, want %d", i, u.pts, want)
		}
		frames := adtsFrames(t, u.data, rateIndex, 2)
		if n := media.Ticks(len(frames)) * s.Track.FrameTicks; len(frames) > 1 && n.Seconds(s.Track.Timescale) > 0.2 {
			t.Errorf("%d audio frames in a PES packet", len(frames))
		}
		for _, frame := range frames {
			if !bytes.Equal(frame, s.Samples[i].Data) {
				t.Fatalf("audio sample %d differs", i)
			}
			i++
		}
	}
	if i != len(s.Samples) || packets%16 != 0 {
		t.Errorf("%d of %d audio samples in %d packets", i, len(s.Samples), packets)
	}
}

func TestFirstPESPacketIsAKeyFrame(t *testing.T) {
	s := sources[0].source
	s.rand = rand.New(rand.NewPCG(1, 2))
	s.vt, s.at = 90000, 47000 // audio begins before video
	b, err := mpegts.Pack(0, s.next())
	if err != nil {
		t.Fatal(err)
	}
	if p := b[2*188:]; p[5]&0x50 != 0x50 || p[1]&0x1f != 1 || p[2] != 0 {
		t.Errorf("third packet % x", p[:12])
	}
	newChecker(t).segment(b)
}

func TestAudioMayLeadAndVideoMayBeSilent(t *testing.T) {
	s := sources[0].source
	s.rand = rand.New(rand.NewPCG(1, 2))
	s.vt, s.at = 90000, 24000 // audio begins half a second before video
	check := newChecker(t)
	streams := s.next()
	b, err := mpegts.Pack(0, streams)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, streams, check.segment(b))

	// A segment without video frames still has the clock on video's PID.
	s.vt += 180000
	silent := s.next()
	from := silent[0].Samples[0].DTS
	silent[1].Samples = nil
	for i := range silent[0].Samples {
		if silent[0].Samples[i].DTS >= from+96000 {
			silent[0].Samples = silent[0].Samples[:i]
			break
		}
	}
	silent[1].End = 90000 + 180000 + 180000
	b, err = mpegts.Pack(1, silent)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, silent, check.segment(b))
}

func TestEmptySegmentIsTablesOnly(t *testing.T) {
	b, err := mpegts.Pack(15, []mpegts.Stream{{Track: videoTrack()}, {Track: audioTrack(4, 44100)}})
	if err != nil {
		t.Fatal(err)
	}
	if got := newChecker(t).segment(b); len(got) != 0 || len(b) != 2*188 {
		t.Errorf("%d bytes, %d PES packets", len(b), len(got))
	}
}

// units packs one video sample and returns its NAL unit types.
func packedTypes(t *testing.T, key bool, data []byte) []int {
	t.Helper()
	s := mpegts.Stream{Track: videoTrack(), Samples: []media.Sample{{Key: key, DTS: 90000, Data: data}}}
	b, err := mpegts.Pack(0, []mpegts.Stream{s})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []int
	for _, u := range newChecker(t).segment(b) {
		if u.key != key {
			t.Errorf("random access %v", u.key)
		}
		for _, n := range nals(t, u.data) {
			kinds = append(kinds, int(n[0]&31))
		}
	}
	return kinds
}

func TestAccessUnits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	cases := []struct {
		name string
		key  bool
		data []byte
		want []int
	}{
		{"slice", false, sample(nal(r, 1, 9)), []int{9, 1}},
		{"IDR", true, sample(nal(r, 5, 9)), []int{9, 7, 8, 5}},
		{"key frame that is not IDR", true, sample(nal(r, 6, 5), nal(r, 1, 9)), []int{9, 7, 8, 6, 1}},
		{"delimiters and empty units go", false, sample(nil, nal(r, 9, 2), nal(r, 6, 4), nal(r, 9, 2), nil, nal(r, 1, 9), nil), []int{9, 6, 1}},
		{"own parameter sets come later", true, sample(nal(r, 9, 2), nal(r, 7, 9), nal(r, 8, 9), nal(r, 5, 9)), []int{9, 7, 8, 7, 8, 5}},
		{"nothing to show", false, sample(nal(r, 9, 2), nil), nil},
		{"no unit", false, nil, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, packedTypes(t, c.key, c.data)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeTimesAreRepaired(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := mpegts.Stream{Track: videoTrack()}
	for i, offset := range []media.Ticks{0, -200, 0, -6500, 0} {
		s.Samples = append(s.Samples, media.Sample{Key: i == 0, DTS: 90000 + 3000*media.Ticks(i), Offset: offset, Data: sample(nal(r, 1, 99))})
	}
	s.Samples[4].DTS = s.Samples[3].DTS
	b, err := mpegts.Pack(0, []mpegts.Stream{s})
	if err != nil {
		t.Fatal(err)
	}
	got := newChecker(t).segment(b)
	for i, u := range got {
		if u.pts != int64(s.Samples[i].PTS()) {
			t.Errorf("sample %d shown at %d, want %d", i, u.pts, s.Samples[i].PTS())
		}
	}
	if len(got) != 5 {
		t.Errorf("%d frames", len(got))
	}
}

func TestAudioGroupsEndAtGaps(t *testing.T) {
	s := mpegts.Stream{Track: audioTrack(3, 48000)}
	for _, at := range []media.Ticks{0, 1024, 2048, 3100, 4124, 5148, 6172, 7196, 8220} {
		s.Samples = append(s.Samples, media.Sample{DTS: 48000 + at, Data: []byte{1, 2, 3}})
	}
	s.Samples[4].Data = nil // silence
	b, err := mpegts.Pack(0, []mpegts.Stream{s})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range newChecker(t).segment(b) {
		got = append(got, fmt.Sprint(u.pts, " ", len(adtsFrames(t, u.data, 3, 2))))
	}
	want := []string{"90000 3", "95813 1", "99653 4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHEAACIsSignalledAsCore(t *testing.T) {
	track := audioTrack(6, 24000)
	track.Config = []byte{0x2b, 0x11, 0x88, 0x00} // SBR at 48 kHz over LC at 24 kHz, stereo
	s := mpegts.Stream{Track: track}
	for i := range media.Ticks(4) {
		s.Samples = append(s.Samples, media.Sample{DTS: 24000 + i*1024, Data: []byte{1, 2, 3}})
	}
	b, err := mpegts.Pack(0, []mpegts.Stream{s})
	if err != nil {
		t.Fatal(err)
	}
	got := newChecker(t).segment(b)
	for _, u := range got {
		if n := len(adtsFrames(t, u.data, 6, 2)); n != 2 {
			t.Errorf("%d frames of 43 ms in a PES packet", n)
		}
	}
	if len(got) != 2 {
		t.Errorf("%d PES packets", len(got))
	}
}

func TestPackErrors(t *testing.T) {
	track, audio := videoTrack(), audioTrack(4, 44100)
	one := func(t media.Track, samples ...media.Sample) []mpegts.Stream {
		return []mpegts.Stream{{Track: t, Samples: samples}}
	}
	good := sample([]byte{0x41, 1, 2})
	opus := media.Track{Codec: 99, Timescale: 48000}
	program := audio
	program.Config = []byte{0x12, 0x00, 0, 0, 0, 0, 0, 0}
	cases := []struct {
		name    string
		streams []mpegts.Stream
		want    error
	}{
		{"no tracks", nil, codec.ErrUnsupported},
		{"two video tracks", append(one(track), one(track)...), codec.ErrUnsupported},
		{"another codec", one(opus), codec.ErrUnsupported},
		{"channels by program_config_element", one(program), codec.ErrUnsupported},
		{"timescale 0", one(media.Track{Codec: media.H264}), mpegts.ErrMalformed},
		{"NAL length past the end", one(track, media.Sample{Data: []byte{0, 0, 0, 9, 1}}), mpegts.ErrMalformed},
		{"half a NAL length", one(track, media.Sample{Data: append(good, 0, 0)}), mpegts.ErrMalformed},
		{"start code at the end of a NAL unit", one(track, media.Sample{Data: sample([]byte{6, 0, 0, 1})}), mpegts.ErrMalformed},
		{"audio frame beyond ADTS", one(audio, media.Sample{Data: make([]byte, 8185)}), mpegts.ErrMalformed},
		{"a jump", one(track, media.Sample{Data: good}, media.Sample{DTS: 1e9, Data: good}), mpegts.ErrMalformed},
		{"a time beyond all", one(track, media.Sample{DTS: math.MinInt64, Data: good}), mpegts.ErrMalformed},
		{"an offset beyond all", one(track, media.Sample{Offset: math.MaxInt64, Data: good}), mpegts.ErrMalformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if b, err := mpegts.Pack(0, c.streams); !errors.Is(err, c.want) {
				t.Errorf("%d bytes, error %v, want %v", len(b), err, c.want)
			}
		})
	}
}

func TestPackKeepsSamplesAndRepeats(t *testing.T) {
	s := sources[0].source
	s.rand = rand.New(rand.NewPCG(1, 2))
	streams := s.next()
	before := bytes.Clone(streams[1].Samples[0].Data)
	first, err := mpegts.Pack(3, streams)
	if err != nil {
		t.Fatal(err)
	}
	second, err := mpegts.Pack(3, []mpegts.Stream{streams[1], streams[0]})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, streams[1].Samples[0].Data) {
		t.Error("a sample was written to")
	}
	if !bytes.Equal(first, second) {
		t.Error("two results for one segment")
	}
}

func FuzzPack(f *testing.F) {
	f.Fuzz(func(t *testing.T, number uint64, data []byte, at, step int64, cut uint8, key bool) {
		video := mpegts.Stream{Track: videoTrack(), End: media.Ticks(at ^ step)}
		audio := mpegts.Stream{Track: audioTrack(4, 44100)}
		for len(data) > 0 && len(video.Samples) < 50 {
			n := min(int(cut), len(data))
			s := media.Sample{Key: key, DTS: media.Ticks(at), Offset: media.Ticks(step), Data: data[:n]}
			video.Samples = append(video.Samples, s)
			s.DTS /= 2
			audio.Samples = append(audio.Samples, s)
			at += step
			data = data[max(n, 1):]
		}
		for _, streams := range [][]mpegts.Stream{{video, audio}, {video}, {audio}} {
			b, err := mpegts.Pack(number, streams)
			if err != nil {
				continue
			}
			if len(b)%188 != 0 || len(b) < 2*188 || len(b) > 4<<20 {
				t.Fatalf("%d bytes", len(b))
			}
			newChecker(t).segment(b)
		}
	})
}

// BenchmarkPack packs 2 s of 2.6 Mb/s 720p30 with 128 kb/s of audio.
func BenchmarkPack(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	video := mpegts.Stream{Track: videoTrack()}
	total := 0
	for i := range 60 {
		kind, size := byte(1), 9000
		if i == 0 {
			kind, size = 5, 119000
		}
		s := media.Sample{Key: i == 0, DTS: epoch*90000 + media.Ticks(i)*3000, Offset: 6000, Data: sample(nal(r, kind, size))}
		video.Samples = append(video.Samples, s)
		total += len(s.Data)
	}
	audio := mpegts.Stream{Track: audioTrack(3, 48000)}
	for i := range 94 {
		s := media.Sample{Key: true, DTS: epoch*48000 + media.Ticks(i)*1024, Data: nal(r, 0, 341)}
		audio.Samples = append(audio.Samples, s)
		total += len(s.Data)
	}
	streams := []mpegts.Stream{video, audio}
	b.ReportAllocs()
	b.SetBytes(int64(total))
	size := 0
	for b.Loop() {
		out, err := mpegts.Pack(7, streams)
		if err != nil {
			b.Fatal(err)
		}
		size = len(out)
	}
	b.ReportMetric(100*float64(size-total)/float64(total), "%overhead")
}
