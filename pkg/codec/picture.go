package codec

import (
	"math"

	"sluice/pkg/media"
)

// display gives a track the size at which its pictures are shown. Only the width is
// stretched, as ISO/IEC 14496-12 writers do. A picture too wide for the 16 bits of a track
// header is shown as it is coded.
func display(t media.Track) media.Track {
	t.Width, t.Height = t.CodedWidth, t.CodedHeight
	width := math.Round(float64(t.CodedWidth) * t.SampleAspect.Float())
	if width >= 1 && width <= math.MaxUint16 {
		t.Width = int(width)
	} else {
		t.SampleAspect = media.Ratio{Num: 1, Den: 1}
	}
	return t
}
