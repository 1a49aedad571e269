package cmaf

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/Eyevinn/mp4ff/mp4"

	"sluice/pkg/media"
)

// The names that the boxes of a header carry for people to read.
const (
	videoHandlerName = "Sluice video"
	audioHandlerName = "Sluice audio"
)

// Header returns the CMAF header of t (ISO/IEC 23000-19 7.3.1): ftyp and moov
// with the one track and no samples. It depends on nothing but t, so the same
// track always has the same bytes.
//
// The sample entries are avc1, hvc1, av01 and vp09, and mp4a, Opus, fLaC, ac-3 and ec-3. The
// error says what the track lacks: an unknown codec, a configuration that cannot be read, a
// size or a timescale out of range.
func Header(t media.Track) ([]byte, error) {
	if t.Timescale == 0 {
		return nil, fmt.Errorf("cmaf header of %v: no timescale", t.ID)
	}
	entry, err := sampleEntry(t)
	if err != nil {
		return nil, fmt.Errorf("cmaf header of %v: %w", t.ID, err)
	}
	moov := mp4.NewMoovBox()
	mvhd := mp4.CreateMvhd()
	mvhd.Timescale = t.Timescale
	mvhd.NextTrackID = trackID + 1
	moov.AddChild(mvhd)
	moov.AddChild(trak(t, entry))
	mvex := mp4.NewMvexBox()
	mvex.AddChild(mp4.CreateTrex(trackID))
	moov.AddChild(mvex)

	header := mp4.NewMP4Init()
	header.AddChild(mp4.NewFtyp("iso6", 0, []string{"iso6", "cmfc", "dash"}))
	header.AddChild(moov)
	var b bytes.Buffer
	if err := header.Encode(&b); err != nil {
		return nil, fmt.Errorf("cmaf header of %v: %w", t.ID, err)
	}
	return b.Bytes(), nil
}

// trak returns the track box of t with empty sample tables. All durations are
// zero, and the language is undetermined where nobody says it.
func trak(t media.Track, entry mp4.Box) *mp4.TrakBox {
	kind, name := "video", videoHandlerName
	if t.Codec.Kind() == media.Audio {
		kind, name = "audio", audioHandlerName
	}
	trak := mp4.CreateEmptyTrak(trackID, t.Timescale, kind, cmp.Or(t.Title.Language, "und"))
	trak.Mdia.Hdlr.Name = name
	if kind == "video" {
		trak.Tkhd.Width = mp4.Fixed32(t.Width << 16)
		trak.Tkhd.Height = mp4.Fixed32(t.Height << 16)
	}
	trak.Mdia.Minf.Stbl.Stsd.AddChild(entry)
	if t.Codec == media.Opus && t.FrameTicks > 0 {
		trak.Mdia.Minf.Stbl.AddChild(preRoll(t))
	}
	return trak
}

// preRoll returns the sample group that all samples of Opus are in: whoever begins with one decodes so many
// before it as have 80 ms, for what is heard to be right ("Encapsulation of Opus in ISO Base Media File
// Format" 4.3.6.2; ISO/IEC 14496-12 8.9.3, 10.1).
func preRoll(t media.Track) mp4.Box {
	const decoded = 80 // milliseconds
	samples := (media.Ticks(t.Timescale)*decoded/1000 + t.FrameTicks - 1) / t.FrameTicks
	return &mp4.SgpdBox{
		Version:      2, // says the group of all samples
		GroupingType: "roll", DefaultLength: 2, DefaultGroupDescriptionIndex: 1,
		SampleGroupEntries: []mp4.SampleGroupEntry{&mp4.RollSampleGroupEntry{RollDistance: -int16(samples)}},
	}
}
