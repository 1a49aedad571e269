package cmaf

import (
	"fmt"
	"math"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"

	"sluice/pkg/media"
)

// sampleEntry returns the sample entry of t's codec.
func sampleEntry(t media.Track) (mp4.Box, error) {
	switch t.Codec {
	case media.H264:
		record, err := avcRecord(t.Config)
		if err != nil {
			return nil, err
		}
		return videoEntry(t, "avc1", avcCompressor, "avcC", record)
	case media.HEVC:
		return videoEntry(t, "hvc1", "HEVC Coding", "hvcC", t.Config)
	case media.AV1:
		return videoEntry(t, "av01", "AOM Coding", "av1C", t.Config)
	case media.VP9:
		return videoEntry(t, "vp09", "VPC Coding", "vpcC", t.Config)
	case media.AAC:
		return aacEntry(t)
	case media.MP3:
		return mp3Entry(t)
	case media.Opus:
		return audioEntry(t, "Opus", "dOps", t.Config)
	case media.FLAC:
		fullBox := make([]byte, 4)
		return audioEntry(t, "fLaC", "dfLa", append(fullBox, t.Config...))
	case media.AC3:
		return audioEntry(t, "ac-3", "dac3", t.Config)
	case media.EAC3:
		return audioEntry(t, "ec-3", "dec3", t.Config)
	}
	return nil, fmt.Errorf("%v has no CMAF binding here", t.Codec)
}

// videoEntry returns a sample entry with the box of its configuration, a pasp when samples
// are not square, a colr when the stream described its colours, and mdcv and clli when it
// described its light.
func videoEntry(t media.Track, name, compressor, configName string, config []byte) (mp4.Box, error) {
	for _, size := range [...]int{t.CodedWidth, t.CodedHeight, t.Width, t.Height} {
		if size < 1 || size > math.MaxUint16 {
			return nil, fmt.Errorf("picture size %dx%d (displayed as %dx%d) is out of range",
				t.CodedWidth, t.CodedHeight, t.Width, t.Height)
		}
	}
	box := mp4.CreateUnknownBox(configName, uint64(boxHeader+len(config)), config)
	entry := mp4.CreateVisualSampleEntryBox(name, uint16(t.CodedWidth), uint16(t.CodedHeight), box)
	entry.CompressorName = compressor
	if sar := t.SampleAspect; sar.Known() && sar.Num != sar.Den {
		entry.AddChild(&mp4.PaspBox{HSpacing: sar.Num, VSpacing: sar.Den})
	}
	if t.Color.Known() {
		entry.AddChild(colr(t.Color))
	}
	if m := t.HDR.Mastering; m != (media.Mastering{}) {
		entry.AddChild(mp4.CreateMdcvBox(
			[3]uint16{m.Green[0], m.Blue[0], m.Red[0]}, [3]uint16{m.Green[1], m.Blue[1], m.Red[1]},
			m.White[0], m.White[1], m.Most, m.Least,
		))
	}
	if light := t.HDR; light.MaxContent != 0 || light.MaxFrameAverage != 0 {
		entry.AddChild(&mp4.ClliBox{MaxContentLightLevel: light.MaxContent, MaxPicAverageLightLevel: light.MaxFrameAverage})
	}
	return entry, nil
}

func colr(c media.Color) *mp4.ColrBox {
	return &mp4.ColrBox{
		ColorType:               mp4.ColorTypeOnScreenColors,
		ColorPrimaries:          uint16(c.Primaries),
		TransferCharacteristics: uint16(c.Transfer),
		MatrixCoefficients:      uint16(c.Matrix),
		FullRangeFlag:           c.FullRange,
	}
}

// audioEntry returns a sample entry with the box of its configuration, which must be what
// such a box has.
func audioEntry(t media.Track, name, configName string, config []byte) (mp4.Box, error) {
	b := append(appendBox(nil, boxHeader+len(config), configName), config...)
	box, err := mp4.DecodeBoxSR(0, bits.NewFixedSliceReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", configName, err)
	}
	return soundEntry(t, name, box)
}

// soundEntry returns a sample entry of audio with one box in it.
func soundEntry(t media.Track, name string, box mp4.Box) (mp4.Box, error) {
	if t.Channels < 1 || t.Channels > math.MaxUint8 {
		return nil, fmt.Errorf("%d audio channels", t.Channels)
	}
	// The sampling rate is a 16.16 number: one that does not fit is written
	// as zero, and readers take it from the configuration.
	rate, sampleSize := t.Timescale, uint16(16)
	if rate > math.MaxUint16 {
		rate = 0
	}
	if info, ok := box.(*mp4.DfLaBox); ok {
		rate, sampleSize = flacRate(t.Timescale), flacDepth(info)
	}
	return mp4.CreateAudioSampleEntryBox(name, uint16(t.Channels), sampleSize, uint16(rate), box), nil
}

// flacRate returns the sampling rate that an entry has: the greatest that fits of which the
// true one is a multiple ("Encapsulation of FLAC in ISO Base Media File Format" 3.3.1).
func flacRate(rate uint32) uint32 {
	for n := uint32(1); ; n++ {
		if rate%n == 0 && rate/n <= math.MaxUint16 {
			return rate / n
		}
	}
}

// flacDepth returns the bits a sample of a STREAMINFO block (RFC 9639 8.2).
func flacDepth(box *mp4.DfLaBox) uint16 {
	const at = 12 // of the byte with its upper bit
	if len(box.MetadataBlocks) == 0 || len(box.MetadataBlocks[0].BlockData) < at+2 {
		return 16
	}
	info := box.MetadataBlocks[0].BlockData
	return uint16(info[at]&1<<4|info[at+1]>>4) + 1
}
