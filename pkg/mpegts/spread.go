package mpegts

// padding returns how many packets each PES packet gets beyond those it needs,
// so that every PID sends a multiple of 16 of them. The whole of a PID's share
// goes to its largest PES packet, where it makes the least odd packets.
func padding(packed []pes) []int {
	extra := make([]int, len(packed))
	for _, pid := range []uint16{pidVideo, pidAudio} {
		packets, largest := 0, -1
		for i, u := range packed {
			if u.pid != pid {
				continue
			}
			packets += len(u.packets) / packetSize
			if largest < 0 || len(u.packets) > len(packed[largest].packets) {
				largest = i
			}
		}
		if largest >= 0 {
			extra[largest] = (counterCycle - packets%counterCycle) % counterCycle
		}
	}
	return extra
}

// appendSpread appends the packets of one PES packet as extra more packets, each
// with some payload and filled up by its adaptation field. A PES packet has 26
// bytes at least, so there is always enough to share out.
func appendSpread(dst, packets []byte, extra int) []byte {
	first := packets[:packetSize]
	c := cell{pid: pidOf(first), start: true, field: clockField(first)}
	var data []byte
	for p := packets; len(p) > 0; p = p[packetSize:] {
		data = append(data, payload(p[:packetSize])...)
	}
	rest := len(packets)/packetSize + extra - 1
	// The first packet stays as it is, with the whole PES header, if the
	// others then have a byte each.
	size := min(len(payload(first)), len(data)-rest)
	for ; ; rest-- {
		c.payload, data = data[:size], data[size:]
		dst = appendCell(dst, c)
		if rest == 0 {
			return dst
		}
		c.start, c.field = false, nil
		size = (len(data) + rest - 1) / rest
	}
}

// clockField returns what the adaptation field of packet says, without
// stuffing: nil when it says nothing.
func clockField(packet []byte) []byte {
	field := adaptation(packet)
	switch {
	case len(field) == 0 || field[0] == 0:
		return nil
	case field[0]&pcrFlag != 0:
		return field[:pcrFieldSize]
	}
	return field[:1]
}
