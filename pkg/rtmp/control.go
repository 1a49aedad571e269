package rtmp

import "encoding/binary"

// The user control events that matter to a server that takes in (RTMP 7.1.7).
const (
	eventStreamBegin  = 0
	eventPingRequest  = 6
	eventPingResponse = 7
)

// The limit types of Set Peer Bandwidth (RTMP 5.4.5).
const (
	limitHard = iota
	limitSoft
	limitDynamic
)

// windowSize is the window of acknowledgements that the server asks for and,
// until a peer asks for another, also gives.
const windowSize = 2500000

// control obeys a protocol control message or a user control message.
func (c *conn) control(m message) error {
	if m.kind == kindUserControl {
		return c.userControl(m.body)
	}
	if len(m.body) < 4 {
		c.ignore("short control message", "")
		return nil
	}
	n := binary.BigEndian.Uint32(m.body)
	switch m.kind {
	case kindSetChunkSize:
		return c.in.setSize(n)
	case kindAbort:
		c.in.abort(n)
	case kindWindowAckSize:
		if n > 0 {
			c.wire.window = n
		}
	case kindPeerBandwidth:
		return c.peerBandwidth(n, m.body[4:])
	default: // an Acknowledgement: nothing is sent that would wait for it
	}
	return nil
}

// userControl answers a ping. All other events are for players.
func (c *conn) userControl(body []byte) error {
	if len(body) < 6 || binary.BigEndian.Uint16(body) != eventPingRequest {
		return nil
	}
	c.out.event(eventPingResponse, binary.BigEndian.Uint32(body[2:]))
	return c.out.flush()
}

// peerBandwidth notes the window that the peer allows and tells it when that
// changed: "The peer receiving this message SHOULD respond with a Window
// Acknowledgement Size message if the window size is different from the last
// one sent". A soft limit only lowers it; a dynamic one is hard when the last
// was, and nothing otherwise.
func (c *conn) peerBandwidth(n uint32, limit []byte) error {
	if len(limit) < 1 || n == 0 {
		c.ignore("short control message", "")
		return nil
	}
	hard := limit[0] == limitHard || limit[0] == limitDynamic && c.hardLimit
	if limit[0] != limitDynamic {
		c.hardLimit = hard
	}
	if !hard && (limit[0] != limitSoft || n > c.sentWindow) || n == c.sentWindow {
		return nil
	}
	c.sentWindow = n
	c.out.control(kindWindowAckSize, n)
	return c.out.flush()
}

// acknowledge tells the peer how much has come.
func (c *conn) acknowledge(received uint32) error {
	c.out.control(kindAck, received)
	return c.out.flush()
}
