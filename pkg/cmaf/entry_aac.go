package cmaf

import (
	"fmt"

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
	esds := mp4.CreateEsdsBox(t.Config)
	esds.EsID = 0 // ISO/IEC 23000-19 10.3.4.2.3; the track_ID serves in its place
	return soundEntry(t, "mp4a", esds)
}

// mp3Entry returns the mp4a sample entry of t, whose configuration is its
// objectTypeIndication. MP3 has no decoder specific information.
func mp3Entry(t media.Track) (mp4.Box, error) {
	if len(t.Config) != 1 {
		return nil, fmt.Errorf("MP3 with a configuration of %d bytes", len(t.Config))
	}
	esds := mp4.CreateEsdsBox(nil)
	esds.EsID = 0
	esds.DecConfigDescriptor.ObjectType, esds.DecConfigDescriptor.DecSpecificInfo = t.Config[0], nil
	return soundEntry(t, "mp4a", esds)
}
