package push

import (
	"errors"
	"fmt"
	"time"
)

// FLV audio tags of AAC: SoundFormat 10, and 44 kHz stereo whatever the sound
// is, then the AACPacketType (Adobe FLV 10.1 E.4.2).
const (
	soundAAC     = 0xaf
	aacConfig    = 0
	aacRaw       = 1
	flvAAC       = 10 // SoundFormat
	escapedRate  = 15
	escapedType  = 31
	objectMain   = 1
	objectLTP    = 4
	objectSBR    = 5
	objectPS     = 29
	shortFrame   = 960
	ordinaryAAC  = 1024
	maxASCLength = 64
)

// parseAAC reads an AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1.
func parseAAC(config []byte) (*audio, error) {
	if len(config) < 2 || len(config) > maxASCLength {
		return nil, errors.New("AAC without a configuration")
	}
	b := bitReader{config, 0}
	object := b.objectType()
	a := &audio{config: config, sampleRate: b.sampleRate(), channels: channelCount(b.read(4))}
	if object == objectSBR || object == objectPS {
		b.sampleRate() // of the extension; frames are counted in the core's
		object = b.objectType()
	}
	if object < objectMain || object > objectLTP {
		return nil, fmt.Errorf("AAC of object type %d is not supported", object)
	}
	samples := ordinaryAAC
	if b.read(1) == 1 {
		samples = shortFrame
	}
	if a.sampleRate == 0 {
		return nil, errors.New("AAC with a reserved sampling rate")
	}
	a.frame = time.Duration(samples) * time.Second / time.Duration(a.sampleRate)
	return a, nil
}

// channelCount returns how many channels a channelConfiguration has.
func channelCount(configuration int) int {
	if configuration == 7 {
		return 8
	}
	return configuration
}

// bitReader reads an AudioSpecificConfig. Past the end there are zeros.
type bitReader struct {
	data []byte
	at   int
}

func (b *bitReader) read(n int) (v int) {
	for range n {
		v <<= 1
		if b.at/8 < len(b.data) {
			v |= int(b.data[b.at/8]>>(7-b.at%8)) & 1
		}
		b.at++
	}
	return v
}

func (b *bitReader) objectType() int {
	if t := b.read(5); t != escapedType {
		return t
	}
	return 32 + b.read(6)
}

func (b *bitReader) sampleRate() int {
	rates := [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
	switch i := b.read(4); {
	case i == escapedRate:
		return b.read(24)
	case i < len(rates):
		return rates[i]
	}
	return 0
}

// rawTag returns the body of the tag that carries one frame.
func rawTag(frame []byte) []byte {
	return append([]byte{soundAAC, aacRaw}, frame...)
}

// configTag returns the body of the tag that carries the configuration.
func (a *audio) configTag() []byte {
	return append([]byte{soundAAC, aacConfig}, a.config...)
}

// regular puts the samples of a, whose times were rounded to milliseconds, where
// they were before: on a grid of whole frames that rounds to the same times. If
// there is none, the times stay.
func (a *audio) regular(samples []sample) {
	low, high := time.Duration(-1<<62), time.Duration(1<<62)
	for n, s := range samples {
		at := s.dts - time.Duration(n)*a.frame
		low = max(low, at-time.Millisecond/2)
		high = min(high, at+time.Millisecond/2)
	}
	if low >= high {
		return
	}
	first := low + (high-low)/2
	for n := range samples {
		samples[n].dts = first + time.Duration(n)*a.frame
		samples[n].pts = samples[n].dts
	}
}
