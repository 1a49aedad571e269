package flv_test

import (
	"encoding/binary"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/amf"
	"sluice/pkg/codec"
	"sluice/pkg/flv"
	"sluice/pkg/media"
)

// A judge is a Handler that knows what may be reported.
type judge struct {
	t       *testing.T
	tracks  map[media.TrackID]media.Track // as announced last
	refused map[string]bool
}

func (j *judge) Track(t media.Track) error {
	if cmp.Equal(j.tracks[t.ID], t) {
		j.t.Errorf("track %v announced twice", t.ID)
	}
	j.tracks[t.ID] = t
	return nil
}

func (j *judge) Frame(f media.Frame) error {
	track, ok := j.tracks[f.Track]
	if !ok {
		j.t.Errorf("a frame of %v before the track", f.Track)
	}
	if len(f.Data) == 0 {
		j.t.Error("an empty frame")
	}
	if f.Length < 0 || f.Length > 0 && f.Track.Kind == media.Video || f.Nanos > 999_999 {
		j.t.Errorf("a frame of %v of length %d, %d ns late", f.Track, f.Length, f.Nanos)
	}
	if track.Codec == media.H264 {
		j.judgeAVC(track, f)
	}
	return nil
}

// judgeAVC judges a frame of H.264 by its NAL units.
func (j *judge) judgeAVC(track media.Track, f media.Frame) {
	sps, pps, err := codec.ParameterSets(track.Config)
	if err != nil {
		j.t.Error(err)
	}
	known := map[string]bool{}
	for _, nal := range append(sps, pps...) {
		known[string(nal)] = true
	}
	size, key, slice := 0, false, false
	for nal := range codec.NALUnits(f.Data) {
		kind := codec.AVCTypeOf(nal)
		size += codec.LengthSize + len(nal)
		key = key || kind == codec.AVCIDR
		slice = slice || kind.IsSlice()
		if known[string(nal)] || kind == codec.AVCFiller || f.Key && (kind == codec.AVCSPS || kind == codec.AVCPPS) {
			j.t.Errorf("a NAL unit of type %d in a frame", kind)
		}
	}
	if size != len(f.Data) || key != f.Key || !slice {
		j.t.Errorf("%d of %d bytes are NAL units; key %v, said %v; slice %v", size, len(f.Data), key, f.Key, slice)
	}
}

func (j *judge) Refuse(id media.TrackID, reason string) {
	if j.refused[id.String()+reason] {
		j.t.Errorf("%v refused twice: %s", id, reason)
	}
	j.refused[id.String()+reason] = true
}

// FuzzDemuxer feeds a publication: each message is a byte for its kind, two
// for its length, and its body.
func FuzzDemuxer(f *testing.F) {
	for _, c := range demuxCases {
		f.Add(publication(f, c.messages))
	}
	for _, c := range enhancedCases {
		f.Add(publication(f, c.messages))
	}
	for _, c := range refuseCases {
		f.Add(publication(f, []string{c.message}))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d flv.Demuxer
		j := &judge{t, map[media.TrackID]media.Track{}, map[string]bool{}}
		for len(data) >= 3 {
			kind, size := data[0], int(binary.BigEndian.Uint16(data[1:]))
			size = min(size, len(data)-3)
			body := append([]byte(nil), data[3:3+size]...)
			data = data[3+size:]
			read := d.Audio
			if kind%2 == 1 {
				read = d.Video
			}
			if err := read(uint32(kind), body, j); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// publication encodes messages as FuzzDemuxer reads them.
func publication(tb testing.TB, messages []string) []byte {
	var data []byte
	for _, m := range messages {
		fields := strings.SplitN(m, " ", 3)
		if _, err := strconv.Atoi(fields[1]); err != nil {
			tb.Fatal(err)
		}
		kind := byte(0)
		if fields[0] == "v" {
			kind = 1
		}
		body := unhex(tb, fields[2])
		data = append(data, kind)
		data = binary.BigEndian.AppendUint16(data, uint16(len(body)))
		data = append(data, body...)
	}
	return data
}

func FuzzParseMetadata(f *testing.F) {
	for _, c := range metadataCases {
		b, err := amf.Append(nil, c.values...)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		values, _ := amf.Decode(data)
		m, ok := flv.ParseMetadata(values)
		if !ok && !cmp.Equal(m, media.Metadata{}) {
			t.Errorf("%+v, and not ok", m)
		}
		if m.Width < 0 || m.Height < 0 || !(m.FrameRate >= 0) || !(m.VideoBitrate >= 0) || !(m.AudioBitrate >= 0) || len(m.Encoder) > 256 {
			t.Errorf("%+v", m)
		}
	})
}
