package mpegts

import (
	"fmt"

	"github.com/yapingcat/gomedia/go-mpeg2"
)

// A pes is a unit in transport packets, as the library made them: only the
// continuity counters are still to be set.
type pes struct {
	unit
	packets []byte
}

// packetize turns every unit into packets, in their order.
func (p *program) packetize() ([]pes, error) {
	w, err := newPacketizer(p.pcrPID(), p.size+p.size/8+len(p.units)*2*packetSize)
	if err != nil {
		return nil, err
	}
	packed := make([]pes, 0, len(p.units))
	var es []byte
	for _, u := range p.units {
		stream := p.stream(u.pid)
		es = stream.append(es[:0], u)
		packets, err := w.write(u.pid, es)
		if err != nil {
			return nil, err
		}
		if err := stamp(packets[:packetSize], u, stream.streamID, u.pid == p.pcrPID()); err != nil {
			return nil, err
		}
		packed = append(packed, pes{unit: u, packets: packets})
	}
	return packed, nil
}

func (p *program) stream(pid uint16) elementary {
	for _, e := range p.streams {
		if e.pid == pid {
			return e
		}
	}
	return elementary{}
}

// A packetizer is gomedia's TSMuxer without its tables. Both kinds of stream
// are always added, so that their PIDs do not depend on what is in a segment.
type packetizer struct {
	mux *mpeg2.TSMuxer
	pid uint16 // being written; other packets are dropped
	out []byte
}

// newPacketizer returns a packetizer that leaves room for the clock in the
// packets of pcrPID, and has room for size bytes.
func newPacketizer(pcrPID uint16, size int) (w *packetizer, err error) {
	defer recovered(&err)
	w = &packetizer{mux: mpeg2.NewTSMuxer(), out: make([]byte, 0, size)}
	video, audio := w.mux.AddStream(mpeg2.TS_STREAM_H264), w.mux.AddStream(mpeg2.TS_STREAM_AAC)
	if video != pidVideo || audio != pidAudio {
		return nil, fmt.Errorf("gomedia numbers its streams %#x and %#x", video, audio)
	}
	// The library gives the clock to the stream that it sees first, and
	// later on to video: show it the right one before anything is kept.
	if err := w.mux.Write(pcrPID, []byte(delimiter), 0, 0); err != nil {
		return nil, fmt.Errorf("gomedia: %w", err)
	}
	w.mux.OnPacket = w.keep
	return w, nil
}

// keep copies a packet of the stream being written; the library reuses it.
func (w *packetizer) keep(packet []byte) {
	if pidOf(packet) == w.pid {
		w.out = append(w.out, packet...)
	}
}

// write returns the packets of one PES packet. The library may write to es. Its
// times mean nothing: all are 0, which also keeps its tables away.
func (w *packetizer) write(pid uint16, es []byte) (packets []byte, err error) {
	defer recovered(&err)
	w.pid = pid
	begin := len(w.out)
	if err := w.mux.Write(pid, es, 0, 0); err != nil {
		return nil, fmt.Errorf("gomedia: %w", err)
	}
	packets = w.out[begin:len(w.out):len(w.out)]
	if len(packets) == 0 || len(packets)%packetSize != 0 {
		return nil, fmt.Errorf("gomedia made %d bytes of packets", len(packets))
	}
	return packets, nil
}

// recovered turns a panic of the library into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("gomedia: %v: %w", r, ErrMalformed)
	}
}
