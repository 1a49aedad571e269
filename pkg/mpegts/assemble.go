package mpegts

import "sluice/pkg/media"

// counterCycle is the number of packets after which a continuity counter is
// where it was.
const counterCycle = 16

// A segment is being written, packet by packet.
type segment struct {
	out    []byte
	pcrPID uint16
	clock  clock
	limit  media.Ticks      // the clock stays before it; 0 if unknown
	next   map[uint16]uint8 // continuity counter of each PID
}

// assemble puts the packets of one segment in their final order: tables, PES
// packets, and clock references where these are too far apart.
func (p *program) assemble(number uint64, packed []pes) []byte {
	size := 0
	for _, u := range packed {
		size += len(u.packets)
	}
	s := &segment{
		out:    make([]byte, 0, size+(2+2*counterCycle)*packetSize),
		pcrPID: p.pcrPID(),
		next:   make(map[uint16]uint8),
	}
	if p.end != 0 {
		s.limit = p.end - pcrLead
	}
	s.out = p.appendTables(s.out, uint8(number%counterCycle))
	s.open(p)
	extra := padding(packed)
	for i, u := range packed {
		s.write(u, extra[i])
	}
	if s.limit != 0 {
		s.advance(s.limit)
	}
	return s.out
}

// open starts the clock when the first PES packet is not the one to do it. Data
// that come much before the first frame with a clock get as late a reference
// as they can bear, so that the clock does not go back behind the segment
// before.
func (s *segment) open(p *program) {
	if len(p.units) == 0 || p.units[0].pid == s.pcrPID {
		return
	}
	at := p.units[0].dts
	if p.firstWithClock() < 0 {
		at -= pcrLead
	}
	s.reference(at)
}

// write writes one PES packet in extra more packets than it has.
func (s *segment) write(u pes, extra int) {
	arrival := u.dts - pcrLead
	s.advance(arrival)
	if u.pid == s.pcrPID {
		s.clock.set(arrival)
	}
	begin := len(s.out)
	if extra == 0 {
		s.out = append(s.out, u.packets...)
	} else {
		s.out = appendSpread(s.out, u.packets, extra)
	}
	counter := s.next[u.pid]
	for packet := s.out[begin:]; len(packet) > 0; packet = packet[packetSize:] {
		packet[3] = packet[3]&^counterMask | counter
		counter = (counter + 1) % counterCycle
	}
	s.next[u.pid] = counter
}

// advance sends the references that are due before the clock reaches at.
func (s *segment) advance(at media.Ticks) {
	if s.limit != 0 {
		at = min(at, s.limit)
	}
	for {
		reference, ok := s.clock.due(at)
		if !ok {
			return
		}
		s.reference(reference)
	}
}

// reference sends a packet that carries nothing but the clock. Without payload
// it has the counter of the packet before it (2.4.3.3).
func (s *segment) reference(at media.Ticks) {
	field := make([]byte, pcrFieldSize)
	field[0] = pcrFlag
	putPCR(field[1:], at)
	s.out = appendCell(s.out, cell{pid: s.pcrPID, counter: s.next[s.pcrPID] - 1, field: field})
	s.clock.set(at)
}
