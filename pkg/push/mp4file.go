package push

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
)

// parseMP4 reads an MP4 file, fragmented or not: its first H.264 track and its
// first AAC track.
func parseMP4(body []byte) (*Clip, error) {
	file, err := mp4.DecodeFile(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if file.Moov == nil {
		return nil, errors.New("no movie header (moov)")
	}
	r := mp4File{file: file, body: body}
	for _, trak := range file.Moov.Traks {
		if err := r.track(trak); err != nil {
			return nil, fmt.Errorf("track %d: %w", trak.Tkhd.TrackID, err)
		}
	}
	return newClip(r.video, r.pictures, r.audio, r.sounds)
}

type mp4File struct {
	file             *mp4.File
	body             []byte
	video            *video
	audio            *audio
	pictures, sounds []sample
}

// track reads one track. Further ones of a kind, and text, are passed over.
func (r *mp4File) track(trak *mp4.TrakBox) (err error) {
	description := trak.Mdia.Minf.Stbl.Stsd
	switch kind := trak.Mdia.Hdlr.HandlerType; {
	case kind == "vide" && r.video == nil:
		if r.video, err = mp4Video(description); err == nil {
			r.pictures, err = r.read(trak, true)
		}
	case kind == "soun" && r.audio == nil:
		if r.audio, err = mp4Audio(description); err == nil {
			r.sounds, err = r.read(trak, false)
		}
	}
	return err
}

func mp4Video(stsd *mp4.StsdBox) (*video, error) {
	if stsd.AvcX == nil || stsd.AvcX.AvcC == nil {
		return nil, fmt.Errorf("%s video is not supported, only H.264", codecOf(stsd))
	}
	return newVideo(stsd.AvcX.AvcC.DecConfRec)
}

func mp4Audio(stsd *mp4.StsdBox) (*audio, error) {
	if stsd.Mp4a == nil || stsd.Mp4a.Esds == nil || stsd.Mp4a.Esds.DecConfigDescriptor.DecSpecificInfo == nil {
		return nil, fmt.Errorf("%s audio is not supported, only AAC", codecOf(stsd))
	}
	return parseAAC(stsd.Mp4a.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig)
}

// codecOf returns the four letters of the sample entry.
func codecOf(stsd *mp4.StsdBox) string {
	if len(stsd.Children) == 0 {
		return "unknown"
	}
	return stsd.Children[0].Type()
}

// read returns the samples of a track, on the time that its edit list gives.
func (r *mp4File) read(trak *mp4.TrakBox, video bool) ([]sample, error) {
	frames, err := r.frames(trak)
	if err != nil {
		return nil, err
	}
	scale := trak.Mdia.Mdhd.Timescale
	shift := r.editShift(trak)
	samples := make([]sample, 0, len(frames))
	for _, frame := range frames {
		s := sample{
			video: video,
			dts:   ticks(int64(frame.DecodeTime), scale) + shift,
			pts:   ticks(frame.PresentationTime(), scale) + shift,
		}
		if video {
			s.data, s.key, err = annexB(frame.Data)
		} else {
			s.data = rawTag(frame.Data)
		}
		if err != nil {
			return nil, err
		}
		if len(frame.Data) > 0 {
			samples = append(samples, s)
		}
	}
	return samples, nil
}

// ticks converts a time, rounded down to the nanosecond.
func ticks(t int64, scale uint32) time.Duration {
	if t < 0 {
		return -ticks(-t, scale)
	}
	high, low := bits.Mul64(uint64(t), uint64(time.Second))
	if scale == 0 || high >= uint64(scale) {
		return 0
	}
	ns, _ := bits.Div64(high, low, uint64(scale))
	return time.Duration(ns)
}

// editShift returns how much later than its media time a track is presented: the
// length of the empty edits in front, less where the first other one begins.
func (r *mp4File) editShift(trak *mp4.TrakBox) (shift time.Duration) {
	if trak.Edts == nil {
		return 0
	}
	for _, list := range trak.Edts.Elst {
		for _, edit := range list.Entries {
			if edit.MediaTime >= 0 {
				return shift - ticks(edit.MediaTime, trak.Mdia.Mdhd.Timescale)
			}
			shift += ticks(int64(edit.SegmentDuration), r.file.Moov.Mvhd.Timescale)
		}
	}
	return shift
}

// frames returns the samples of a track with their data.
func (r *mp4File) frames(trak *mp4.TrakBox) ([]mp4.FullSample, error) {
	if r.file.IsFragmented() {
		return r.fragmented(trak)
	}
	count := trak.GetNrSamples()
	if count == 0 {
		return nil, nil
	}
	samples, err := trak.GetSampleData(1, count)
	if err != nil {
		return nil, err
	}
	data, err := r.trackData(trak, count)
	if err != nil {
		return nil, err
	}
	frames := make([]mp4.FullSample, len(samples))
	var at uint64
	for i, s := range samples {
		if uint64(s.Size) > uint64(len(data)) {
			return nil, errors.New("samples are missing")
		}
		frames[i] = mp4.FullSample{Sample: s, DecodeTime: at, Data: data[:s.Size]}
		data = data[s.Size:]
		at += uint64(s.Dur)
	}
	return frames, nil
}

// trackData returns the samples of a track, one after the other.
func (r *mp4File) trackData(trak *mp4.TrakBox, count uint32) ([]byte, error) {
	ranges, err := trak.GetRangesForSampleInterval(1, count)
	if err != nil {
		return nil, err
	}
	var data []byte
	for _, part := range ranges {
		if end := part.Offset + part.Size; end < part.Offset || end > uint64(len(r.body)) {
			return nil, errors.New("samples are missing: the file is cut off")
		}
		data = append(data, r.body[part.Offset:part.Offset+part.Size]...)
	}
	return data, nil
}

func (r *mp4File) fragmented(trak *mp4.TrakBox) ([]mp4.FullSample, error) {
	if r.file.Moov.Mvex == nil {
		return nil, errors.New("fragmented without a movie extends header (mvex)")
	}
	trex, ok := r.file.Moov.Mvex.GetTrex(trak.Tkhd.TrackID)
	if !ok {
		return nil, errors.New("fragmented without a track extends header (trex)")
	}
	var frames []mp4.FullSample
	for _, segment := range r.file.Segments {
		for _, fragment := range segment.Fragments {
			some, err := fragment.GetFullSamples(trex)
			if err != nil {
				return nil, err
			}
			frames = append(frames, some...)
		}
	}
	return frames, nil
}
