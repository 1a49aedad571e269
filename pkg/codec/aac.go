package codec

import (
	"bytes"
	"fmt"

	"sluice/pkg/media"
)

// AAC is an AAC decoder configuration.
type AAC struct {
	Config     []byte     // the AudioSpecificConfig as it was sent
	ObjectType ObjectType // of the core: Main, LC, SSR or LTP
	SampleRate int        // of the core, in hertz

	// ChannelConfiguration is the field of ISO/IEC 14496-3 table 1.19. With
	// 0 a program_config_element says the channels. Channels counts those of
	// the core.
	ChannelConfiguration int
	Channels             int

	// FrameLength is the number of samples of one frame of the core: 1024 or 960.
	FrameLength int

	// SBR says that the decoder's output is at OutputRate instead, twice
	// SampleRate as a rule; PS that it is stereo of a mono core.
	SBR, PS    bool
	OutputRate int
}

// maxAudioConfig is far more than the largest configuration that can be
// written: one of a program_config_element with its comment.
const maxAudioConfig = 1024

// ParseAAC reads an AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1). SBR and PS
// are understood in both forms, the hierarchical one (object types 5 and 29)
// and the backward compatible one behind the core's configuration. The error
// wraps ErrUnsupported and names the format when it is not one of AAC LC,
// Main, SSR and LTP.
func ParseAAC(config []byte) (AAC, error) {
	if len(config) > maxAudioConfig {
		return AAC{}, fmt.Errorf("AudioSpecificConfig: %d bytes", len(config))
	}
	a := AAC{Config: bytes.Clone(config)}
	if err := a.read(&bitReader{data: config}); err != nil {
		return AAC{}, fmt.Errorf("AudioSpecificConfig: %w", err)
	}
	return a, nil
}

// read reads the whole configuration.
func (a *AAC) read(r *bitReader) error {
	var err error
	a.ObjectType = readObjectType(r)
	if a.SampleRate, err = readRate(r); err != nil {
		return err
	}
	a.ChannelConfiguration = int(r.u(4))
	hierarchical := a.ObjectType == objectSBR || a.ObjectType == objectPS
	if hierarchical {
		a.SBR, a.PS = true, a.ObjectType == objectPS
		if a.OutputRate, err = readRate(r); err != nil {
			return err
		}
		a.ObjectType = readObjectType(r)
	}
	if r.overrun {
		return errTruncated
	}
	if !a.ObjectType.supported() {
		return fmt.Errorf("%v is %w", a.ObjectType, ErrUnsupported)
	}
	if err := a.readCore(r); err != nil {
		return err
	}
	if !hierarchical {
		a.readExtension(r)
	}
	if !a.SBR {
		a.OutputRate = a.SampleRate
	}
	return nil
}

// readCore reads GASpecificConfig (ISO/IEC 14496-3 4.4.1).
func (a *AAC) readCore(r *bitReader) error {
	a.FrameLength = 1024
	if r.flag() {
		a.FrameLength = 960
	}
	if r.flag() { // dependsOnCoreCoder
		r.skip(14)
	}
	extended := r.flag()
	channels, ok := channelsOf(a.ChannelConfiguration)
	if !ok {
		return fmt.Errorf("channel configuration %d is %w", a.ChannelConfiguration, ErrUnsupported)
	}
	if a.ChannelConfiguration == 0 {
		channels = readProgramConfig(r)
	}
	if extended {
		r.skip(1) // extensionFlag3
	}
	if r.overrun {
		return errTruncated
	}
	if channels == 0 {
		return fmt.Errorf("a program_config_element without channels is %w", ErrUnsupported)
	}
	a.Channels = channels
	return nil
}

// The syncExtensionType values of ISO/IEC 14496-3 1.6.2.1.
const (
	syncSBR = 0x2b7
	syncPS  = 0x548
)

// readExtension reads the backward compatible signalling of SBR and PS. What
// is not whole counts as not there.
func (a *AAC) readExtension(r *bitReader) {
	if r.left() < 16 || r.u(11) != syncSBR || readObjectType(r) != objectSBR || !r.flag() {
		return
	}
	rate, err := readRate(r)
	if err != nil || r.overrun {
		return
	}
	a.SBR, a.OutputRate = true, rate
	if r.left() >= 12 && r.u(11) == syncPS {
		a.PS = r.flag()
	}
}

// Track returns a as the track id. Its ticks are samples of the core, so a
// frame lasts FrameLength of them with SBR or without.
func (a AAC) Track(id media.TrackID) media.Track {
	channels := a.Channels
	if a.PS && channels == 1 {
		channels = 2
	}
	return media.Track{
		ID:         id,
		Codec:      media.AAC,
		Timescale:  uint32(a.SampleRate),
		Config:     a.Config,
		Codecs:     a.Codecs(),
		SampleRate: a.OutputRate,
		Channels:   channels,
		FrameTicks: media.Ticks(a.FrameLength),
	}
}

// Codecs returns the RFC 6381 codec string: "mp4a.40." and the object type
// that a decoder must know.
func (a AAC) Codecs() string {
	kind := a.ObjectType
	switch {
	case a.PS:
		kind = objectPS
	case a.SBR:
		kind = objectSBR
	}
	return fmt.Sprintf("mp4a.40.%d", uint8(kind))
}
