package check

import (
	"errors"
	"fmt"
)

// A header is what a CMAF header says: ftyp and moov.
type header struct {
	brands    []string
	movie     uint64 // mvhd.duration
	tracks    []track
	fragments bool // there is an mvex
	filled    bool // a sample table has samples
}

// A track is one trak and its trex.
type track struct {
	id, timescale   uint32
	handler         string // "vide", "soun"
	entry           string // kind of the sample entry
	codec           string // RFC 6381; "" if it cannot be told
	tkhd, mdhd      uint64 // durations
	coded, shown    size   // of the picture; zero if not said
	rate            uint32 // samples of audio a second
	esID            uint16
	editLists       int
	defaultDuration uint32
	defaultSize     uint32
	defaultFlags    uint32
}

// readHeader reads a CMAF header.
func readHeader(data []byte) (*header, error) {
	boxes, err := splitBoxes(data)
	if err != nil {
		return nil, err
	}
	h := &header{}
	if b := find(boxes, "ftyp"); b != nil {
		h.brands = brands(b.body)
	}
	moov := find(boxes, "moov")
	if moov == nil {
		return nil, errors.New("there is no moov")
	}
	inside, err := splitBoxes(moov.body)
	if err != nil {
		return nil, fmt.Errorf("moov: %w", err)
	}
	for _, b := range inside {
		switch b.kind {
		case "mvhd":
			r := reader{data: b.body}
			v, _ := r.full()
			r.skip(12 + 8*int(v&1))
			h.movie = r.u3264(v)
		case "trak":
			t := readTrack(b.body)
			h.tracks = append(h.tracks, t)
			for _, table := range []string{"stts", "stsc", "stco"} {
				r := reader{data: descend(b.body, "mdia", "minf", "stbl", table)}
				r.full()
				h.filled = h.filled || r.u32() > 0
			}
		case "mvex":
			h.fragments = true
		}
	}
	if b := find(inside, "mvex"); b != nil {
		h.readDefaults(b.body)
	}
	return h, nil
}

// brands reads ftyp or styp: the major and the compatible ones.
func brands(body []byte) []string {
	var out []string
	for i := 0; i+4 <= len(body) && len(out) < 64; i += 4 {
		if i != 4 { // minor version
			out = append(out, string(body[i:i+4]))
		}
	}
	return out
}

func (h *header) readDefaults(mvex []byte) {
	boxes, err := splitBoxes(mvex)
	if err != nil {
		return
	}
	for _, b := range boxes {
		if b.kind != "trex" {
			continue
		}
		r := reader{data: b.body}
		r.full()
		id := r.u32()
		r.u32()
		for i := range h.tracks {
			if t := &h.tracks[i]; t.id == id {
				t.defaultDuration, t.defaultSize, t.defaultFlags = r.u32(), r.u32(), r.u32()
			}
		}
	}
}

func readTrack(trak []byte) track {
	var t track
	r := reader{data: descend(trak, "tkhd")}
	v, _ := r.full()
	r.skip(8 + 8*int(v&1))
	t.id = r.u32()
	r.u32()
	t.tkhd = r.u3264(v)
	r.skip(52)
	t.shown = size{int(r.u32() >> 16), int(r.u32() >> 16)}
	r = reader{data: descend(trak, "mdia", "mdhd")}
	v, _ = r.full()
	r.skip(8 + 8*int(v&1))
	t.timescale = r.u32()
	t.mdhd = r.u3264(v)
	r = reader{data: descend(trak, "mdia", "hdlr")}
	r.full()
	r.u32()
	t.handler = string(r.take(4))
	r = reader{data: descend(trak, "edts", "elst")}
	r.full()
	t.editLists = int(min(r.u32(), 1000))
	stsd := descend(trak, "mdia", "minf", "stbl", "stsd")
	if len(stsd) < 8 {
		return t
	}
	if entries, _ := splitBoxes(stsd[8:]); len(entries) > 0 {
		t.entry = entries[0].kind
		t.readEntry(entries[0].body)
	}
	return t
}
