package flv_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/amf"
	"sluice/pkg/flv"
	"sluice/pkg/media"
)

// A gallery is a Handler that keeps what tracks were announced, and when.
type gallery struct {
	recorder
	tracks []media.Track
	frames int
	before []int // frames in front of each track
}

func (g *gallery) Track(t media.Track) error {
	g.tracks, g.before = append(g.tracks, t), append(g.before, g.frames)
	return nil
}

func (g *gallery) Frame(media.Frame) error { g.frames++; return nil }

// described returns a metadata frame with the given values.
func described(t *testing.T, values ...any) []byte {
	t.Helper()
	b, err := amf.Append([]byte("\xd4avc1"), values...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func colorInfo(t *testing.T, fields ...amf.Field) []byte {
	t.Helper()
	return described(t, "colorInfo", &amf.Object{Fields: fields})
}

func properties(name string, pairs ...any) amf.Field {
	o := &amf.Object{}
	for i := 0; i < len(pairs); i += 2 {
		o.Fields = append(o.Fields, amf.Field{Name: pairs[i].(string), Value: pairs[i+1]})
	}
	return amf.Field{Name: name, Value: o}
}

// TestColors has a publisher tell of colours beside the bitstream, in front of its first frame, again, of
// something else, and that it takes that back, in two ways. What is said counts from a key frame on.
func TestColors(t *testing.T) {
	var d flv.Demuxer
	var g gallery
	hdr10 := colorInfo(t,
		properties("colorConfig", "bitDepth", 10.0, "colorPrimaries", 9.0, "transferCharacteristics", 16.0, "matrixCoefficients", 9.0),
		properties("hdrCll", "maxFall", 400.0, "maxCLL", 1000.0),
		properties("hdrMdcv", "redX", 0.708, "redY", 0.292, "greenX", 0.17, "greenY", 0.797, "blueX", 0.131, "blueY", 0.046,
			"whitePointX", 0.3127, "whitePointY", 0.329, "maxLuminance", 1000.0, "minLuminance", 0.0001),
	)
	hlg := colorInfo(t, properties("colorConfig", "colorPrimaries", 9.0, "transferCharacteristics", 18.0))
	elsewhere := described(t, "somethingElse", &amf.Object{}, "colorInfo", &amf.Object{Fields: []amf.Field{
		properties("colorConfig", "colorPrimaries", 9.0, "transferCharacteristics", 18.0),
	}})
	other := described(t, "somethingElse", &amf.Object{})
	undefined := described(t, "colorInfo", amf.Undefined{})
	strange := colorInfo(t, properties("colorConfig", "colorPrimaries", -1.0, "transferCharacteristics", 300.0), properties("hdrCll", "maxCLL", 1e9, "maxFall", -3.0))
	picture, between := unhex(t, "1701000000 000000026588"), unhex(t, "2701000000 000000024188")
	for _, body := range [][]byte{hdr10, unhex(t, "1700000000"+record), picture, hdr10, picture, hlg, between, between, picture, elsewhere, other, strange, colorInfo(t), picture, hlg, picture, undefined, picture} {
		if err := d.Video(0, body, &g); err != nil {
			t.Fatal(err)
		}
	}
	want := []media.Track{
		{
			Color: media.Color{Primaries: 9, Transfer: media.TransferPQ, Matrix: 9},
			HDR: media.HDR{
				Mastering: media.Mastering{
					Red: [2]uint16{35400, 14600}, Green: [2]uint16{8500, 39850}, Blue: [2]uint16{6550, 2300}, White: [2]uint16{15635, 16450},
					Most: 10_000_000, Least: 1,
				},
				MaxContent: 1000, MaxFrameAverage: 400,
			},
		},
		{Color: media.Color{Primaries: 9, Transfer: media.TransferHLG, Matrix: 2}},
		{},
		{Color: media.Color{Primaries: 9, Transfer: media.TransferHLG, Matrix: 2}},
		{},
	}
	var got []media.Track
	for _, track := range g.tracks {
		got = append(got, media.Track{Color: track.Color, HDR: track.HDR})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{0, 4, 5, 6, 7}, g.before); diff != "" {
		t.Errorf("frames in front of them: %s", diff)
	}
	if d.Dropped() != 0 {
		t.Errorf("%d dropped", d.Dropped())
	}
}

// TestColorsMalformed has metadata frames say things that are of no use.
func TestColorsMalformed(t *testing.T) {
	var d flv.Demuxer
	var g gallery
	for _, body := range [][]byte{
		unhex(t, "1700000000"+record), []byte("\xd4avc1"), []byte("\xd4avc1\x02\x00\x09color"), described(t, "colorInfo"), described(t, 1.0, 2.0),
		described(t, "colorInfo", "no object"), described(t, "somethingElse", &amf.Object{}),
	} {
		if err := d.Video(0, body, &g); err != nil {
			t.Fatal(err)
		}
	}
	if len(g.tracks) != 1 || d.Dropped() != 5 {
		t.Errorf("%d tracks, %d dropped", len(g.tracks), d.Dropped())
	}
}
