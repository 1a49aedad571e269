package mpegts

import (
	"fmt"

	"sluice/pkg/codec"
	"sluice/pkg/media"
)

// maxGroup is the longest time, on the 90 kHz clock, that one audio PES packet
// holds: four frames at 44.1 and 48 kHz. A PES packet costs 14 bytes of header
// and half a packet of stuffing, so one for each frame would add 40 kb/s and
// this adds 10. It is no longer because in streams without video each PES
// packet carries the clock, which may not be silent for longer, and because a
// decoder's model has only 3584 bytes for AAC (13818-1 2.4.2.6), not much more
// than 100 ms at 256 kb/s.
const maxGroup = maxPCRGap

// maxPayload is the most bytes an audio PES packet can hold: its 16-bit length
// counts 13 bytes of header, and only video may leave the length open.
const maxPayload = 1<<16 - 1 - 13

// newAAC reads an AAC stream, in which each frame has an ADTS header.
func newAAC(s Stream) (elementary, error) {
	config, err := codec.ParseAAC(s.Track.Config)
	if err != nil {
		return elementary{}, err
	}
	if _, err := config.ADTSHeader(0); err != nil {
		return elementary{}, err
	}
	units, err := group(s, func(data []byte) (int, error) {
		_, err := config.ADTSHeader(len(data))
		return codec.ADTSHeaderSize + len(data), err
	})
	return elementary{
		pid:        pidAudio,
		streamType: streamTypeADTS,
		units:      units,
		append:     func(dst []byte, u unit) []byte { return appendADTS(dst, u, config) },
	}, err
}

// newSound reads a stream of a codec whose frames say all themselves.
func newSound(s Stream) (elementary, error) {
	e := elementary{pid: pidAudio, append: appendFrames}
	switch s.Track.Codec {
	case media.AC3:
		e.streamType, e.streamID, e.registered = streamTypeAC3, privateStream1, "AC-3"
	case media.EAC3:
		e.streamType, e.streamID, e.registered = streamTypeEAC3, privateStream1, "EAC3"
	default:
		const lowest = 32000 // of MPEG-1, in hertz
		e.streamType = streamTypeMP3
		if s.Track.SampleRate < lowest {
			e.streamType = streamTypeLowMP3
		}
	}
	var err error
	e.units, err = group(s, func(data []byte) (int, error) {
		if len(data) > maxPayload {
			return 0, ErrMalformed
		}
		return len(data), nil
	})
	return e, err
}

// group joins the frames of s to units. Empty ones, which some encoders send for silence, are
// left out. size returns how many bytes a frame takes in a PES packet.
func group(s Stream, size func(data []byte) (int, error)) ([]unit, error) {
	g := grouping{stream: s, step: s.Track.FrameTicks}
	for i, sample := range s.Samples {
		if len(sample.Data) == 0 {
			g.open = false
			continue
		}
		n, err := size(sample.Data)
		if err != nil {
			return nil, fmt.Errorf("sample %d: %d bytes: %w", i, len(sample.Data), ErrMalformed)
		}
		if err := g.add(i, n); err != nil {
			return nil, err
		}
	}
	return g.units, nil
}

// grouping joins audio frames to units. A decoder counts the time of all but
// the first frame of a PES packet by their length, so a unit ends wherever that
// would not be the frame's own time.
type grouping struct {
	stream Stream
	step   media.Ticks // length of a frame, in the track's timescale
	units  []unit
	open   bool // the last unit may go on
	first  int  // of the last unit, in stream.Samples
	bytes  int  // of the last unit
}

func (g *grouping) add(i, size int) error {
	if g.joins(i, size) {
		g.units[len(g.units)-1].samples = g.stream.Samples[g.first : i+1]
		g.bytes += size
		return nil
	}
	u, err := newUnit(pidAudio, g.stream, i)
	if err != nil {
		return err
	}
	// Every audio frame is shown in the order it is decoded, and a decoder
	// can start at each.
	u.dts, u.key = u.pts, true
	g.units = append(g.units, u)
	g.open, g.first, g.bytes = true, i, size
	return nil
}

// joins reports whether sample i goes on with the last unit.
func (g *grouping) joins(i, size int) bool {
	if !g.open || g.step <= 0 || g.step > maxTime {
		return false
	}
	frames := media.Ticks(i - g.first)
	begin := g.stream.Samples[g.first].PTS()
	return g.stream.Samples[i].PTS()-begin == frames*g.step &&
		((frames+1)*g.step).Rescale(g.stream.Track.Timescale, clockRate) <= maxGroup &&
		g.bytes+size <= maxPayload
}

// appendADTS appends frames with their headers. Their sizes were checked.
func appendADTS(dst []byte, u unit, config codec.AAC) []byte {
	for _, sample := range u.samples {
		header, err := config.ADTSHeader(len(sample.Data))
		if err != nil {
			continue
		}
		dst = append(append(dst, header[:]...), sample.Data...)
	}
	return dst
}

func appendFrames(dst []byte, u unit) []byte {
	for _, sample := range u.samples {
		dst = append(dst, sample.Data...)
	}
	return dst
}
