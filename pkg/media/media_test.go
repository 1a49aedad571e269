package media_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"sluice/pkg/media"
)

var trackIDCases = []struct {
	text string
	id   media.TrackID
	ok   bool
}{
	{"v0", media.TrackID{Kind: media.Video}, true},
	{"a0", media.TrackID{Kind: media.Audio}, true},
	{"v255", media.TrackID{Kind: media.Video, Index: 255}, true},
	{"v256", media.TrackID{}, false},
	{"a01", media.TrackID{}, false},
	{"a+1", media.TrackID{}, false},
	{"x0", media.TrackID{}, false},
	{"v", media.TrackID{}, false},
	{"", media.TrackID{}, false},
	{"v00000", media.TrackID{}, false},
}

func TestTrackIDText(t *testing.T) {
	for _, c := range trackIDCases {
		id, ok := media.ParseTrackID(c.text)
		if ok != c.ok || ok && id != c.id {
			t.Errorf("ParseTrackID(%q) = %v, %v", c.text, id, ok)
		}
		if c.ok && c.id.String() != c.text {
			t.Errorf("%v prints %q, want %q", c.id, c.id.String(), c.text)
		}
	}
}

func TestRescale(t *testing.T) {
	cases := []struct {
		t        media.Ticks
		from, to uint32
		want     media.Ticks
	}{
		{3, 2, 1, 2},
		{-3, 2, 1, -2},
		{1, 3, 1, 0},
		{161581317340590, 90000, 1000000, 1795347970451000}, // a 90 kHz epoch time: 1e6 times it overflows
		{math.MaxInt64, 1, 2, math.MaxInt64},
		{math.MinInt64, 1, 2, math.MinInt64},
	}
	for _, c := range cases {
		if got := c.t.Rescale(c.from, c.to); got != c.want {
			t.Errorf("%d from %d to %d = %d, want %d", c.t, c.from, c.to, got, c.want)
		}
	}
}

func TestRescaleAgreesWithExactArithmetic(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		value := media.Ticks(r.Int64N(1<<53) - 1<<52)
		from, to := 1+r.Uint32N(1<<20), 1+r.Uint32N(1<<10)
		got := value.Rescale(from, to)
		// |got*from - value*to| <= from/2 says that got is a nearest one.
		diff := new(big.Int).Mul(big.NewInt(int64(got)), big.NewInt(int64(from)))
		diff.Sub(diff, new(big.Int).Mul(big.NewInt(int64(value)), big.NewInt(int64(to))))
		if diff.Abs(diff).Lsh(diff, 1).Cmp(big.NewInt(int64(from))) > 0 {
			t.Fatalf("%d from %d to %d = %d", value, from, to, got)
		}
	}
}

func TestTicksAndTime(t *testing.T) {
	at := time.Date(2026, 11, 22, 11, 46, 10, 451e6, time.UTC)
	ticks := media.TicksAt(at, 90000)
	if ticks != 161581317340590 {
		t.Errorf("%v is %d ticks", at, ticks)
	}
	if got := ticks.Time(90000); !got.Equal(at) {
		t.Errorf("%d ticks are %v, want %v", ticks, got, at)
	}
	if got := media.Ticks(1024).Duration(48000); got != 21333333 {
		t.Errorf("an AAC frame lasts %d ns", got)
	}
}

// TestTrackEqual changes each field of a track by itself.
func TestTrackEqual(t *testing.T) {
	base := media.Track{Config: []byte{1}}
	if !base.Equal(media.Track{Config: []byte{1}}) {
		t.Error("a track is not equal to a copy")
	}
	for i := range reflect.TypeFor[media.Track]().NumField() {
		other := base
		field := reflect.ValueOf(&other).Elem().Field(i)
		if field.Kind() == reflect.Struct {
			for field.Field(0).Kind() == reflect.Struct {
				field = field.Field(0)
			}
			field = field.Field(0)
		}
		switch field.Kind() {
		case reflect.Array:
			field.Index(0).SetUint(1)
		case reflect.String:
			field.SetString("other")
		case reflect.Slice:
			field.SetBytes([]byte{2})
		case reflect.Int, reflect.Int64:
			field.SetInt(1)
		default:
			field.SetUint(1)
		}
		if base.Equal(other) {
			t.Errorf("%s does not count", reflect.TypeFor[media.Track]().Field(i).Name)
		}
	}
}
