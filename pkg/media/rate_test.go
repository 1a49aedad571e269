package media_test

import (
	"testing"

	"sluice/pkg/media"
)

func TestUsualRate(t *testing.T) {
	for _, c := range []struct {
		slowest, fastest float64
		want             media.Ratio
	}{
		{29.9, 30.1, media.Ratio{Num: 30, Den: 1}},
		{29.9, 30.02, media.Ratio{Num: 30000, Den: 1001}},
		{23.9, 24.05, media.Ratio{Num: 24000, Den: 1001}},
		{25, 25, media.Ratio{Num: 25, Den: 1}},
		{59.98, 60.5, media.Ratio{Num: 60, Den: 1}},
		{26.9, 27.1, media.Ratio{}},
		{0, 0, media.Ratio{}},
	} {
		if got := media.UsualRate(c.slowest, c.fastest); got != c.want {
			t.Errorf("between %v and %v: %v, want %v", c.slowest, c.fastest, got, c.want)
		}
	}
}

func TestUsualRatesRise(t *testing.T) {
	last := 0.0
	for rate := range media.UsualRates {
		if rate.Float() <= last {
			t.Errorf("%v after %v", rate, last)
		}
		last = rate.Float()
	}
}
