package push

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yapingcat/gomedia/go-flv"
)

// flvFile collects what stands in the tags of an FLV file.
type flvFile struct {
	videoConfig, audioConfig []byte
	video                    *video
	audio                    *audio
	pictures, sounds         []sample
}

// parseFLV reads an FLV file. The tags' headers are gomedia's to decode; its
// reader is not used, because it throws the decoder configurations away and
// panics on damaged frames.
func parseFLV(file []byte) (*Clip, error) {
	const header, size, tagHeader = 9, 4, int(flv.FLVTAG_SIZE)
	var f flvFile
	for at := header + size; at+tagHeader <= len(file); {
		var tag flv.FlvTag
		tag.Decode(file[at : at+tagHeader])
		body := at + tagHeader
		end := body + int(tag.DataSize)
		if end > len(file) {
			break // a recording that was cut off
		}
		ms := int32(uint32(tag.TimestampExtended)<<24 | tag.Timestamp) // SI32
		if err := f.tag(tag.TagType, time.Duration(ms)*time.Millisecond, file[body:end]); err != nil {
			return nil, fmt.Errorf("at %d ms: %w", ms, err)
		}
		at = end + size
	}
	if f.audio != nil {
		f.audio.regular(f.sounds)
	}
	return newClip(f.video, f.pictures, f.audio, f.sounds)
}

func (f *flvFile) tag(kind uint8, at time.Duration, body []byte) error {
	switch {
	case len(body) == 0:
		return nil
	case kind == uint8(flv.VIDEO_TAG):
		return f.videoTag(at, body)
	case kind == uint8(flv.AUDIO_TAG):
		return f.audioTag(at, body)
	}
	return nil
}

func (f *flvFile) videoTag(at time.Duration, body []byte) error {
	const header, extended = 5, 0x80
	if body[0]&extended != 0 {
		return fmt.Errorf("Enhanced-RTMP video (%.4q) is not supported, only H.264", body[1:])
	}
	if codec := flv.FLV_VIDEO_CODEC_ID(body[0] & 0x0f); codec != flv.FLV_AVC {
		return fmt.Errorf("video codec %d is not supported, only H.264", codec)
	}
	if len(body) < header {
		return nil
	}
	var tag flv.VideoTag
	tag.Decode(body[:header])
	switch tag.AVCPacketType {
	case flv.AVC_SEQUENCE_HEADER:
		return f.videoConfigured(body[header:])
	case flv.AVC_NALU:
		return f.picture(at, signed24(tag.CompositionTime), body[header:])
	}
	return nil
}

// signed24 gives a composition time, SI24, the sign that gomedia leaves out.
func signed24(v int32) time.Duration {
	return time.Duration(v<<8>>8) * time.Millisecond
}

func (f *flvFile) picture(at, offset time.Duration, unit []byte) error {
	if f.video == nil {
		return nil
	}
	data, key, err := annexB(unit)
	if len(data) > 0 {
		f.pictures = append(f.pictures, sample{video: true, key: key, dts: at, pts: at + offset, data: data})
	}
	return err
}

func (f *flvFile) audioTag(at time.Duration, body []byte) error {
	const header = 2
	if format := body[0] >> 4; format != flvAAC {
		return fmt.Errorf("audio format %d is not supported, only AAC", format)
	}
	switch {
	case len(body) <= header:
		return nil
	case body[1] == aacConfig:
		return f.audioConfigured(body[header:])
	case f.audio != nil:
		f.sounds = append(f.sounds, sample{dts: at, pts: at, data: rawTag(body[header:])})
	}
	return nil
}

// errChanged is for files that gomedia's client cannot send: it sends one
// configuration, once.
var errChanged = errors.New("the decoder configuration changes, which is not supported")

func (f *flvFile) videoConfigured(record []byte) (err error) {
	if f.video != nil {
		return unchanged(f.videoConfig, record)
	}
	f.videoConfig = slices.Clone(record)
	f.video, err = parseAVC(f.videoConfig)
	return err
}

func (f *flvFile) audioConfigured(config []byte) (err error) {
	if f.audio != nil {
		return unchanged(f.audioConfig, config)
	}
	f.audioConfig = slices.Clone(config)
	f.audio, err = parseAAC(f.audioConfig)
	return err
}

func unchanged(before, now []byte) error {
	if !bytes.Equal(before, now) {
		return errChanged
	}
	return nil
}
