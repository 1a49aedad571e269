package cmaf

import (
	"fmt"
	"math"

	"github.com/Eyevinn/mp4ff/mp4"

	"sluice/pkg/media"
)

// maxAACConfig is the longest AudioSpecificConfig that leaves the sizes of the
// 23 bytes of descriptors around it in seven bits, which is all mp4ff writes.
const maxAACConfig = 127 - 23

// aacEntry returns the mp4a sample entry of t. Its esds holds t.Config as it
// is, so that implicit and explicit SBR and PS reach the decoder unchanged.
func aacEntry(t media.Track) (mp4.Box, error) {
	if len(t.Config) < 2 || len(t.Config) > maxAACConfig {
		return nil, fmt.Errorf("AudioSpecificConfig of %d bytes", len(t.Config))
	}
	if t.Channels < 1 || t.Channels > math.MaxUint8 {
		return nil, fmt.Errorf("%d audio channels", t.Channels)
	}
	esds := mp4.CreateEsdsBox(t.Config)
	esds.EsID = 0 // ISO/IEC 23000-19 10.3.4.2.3; the track_ID serves in its place

	// The sampling rate is a 16.16 number: one that does not fit is written
	// as zero, and readers take it from the AudioSpecificConfig.
	rate := t.Timescale
	if rate > math.MaxUint16 {
		rate = 0
	}
	return mp4.CreateAudioSampleEntryBox("mp4a", uint16(t.Channels), 16, uint16(rate), esds), nil
}
