package rtmp

// A message is one complete RTMP message.
type message struct {
	kind   kind
	stream uint32 // message stream
	time   uint32 // milliseconds, modulo 2^32
	body   []byte
}

// A kind is a message type ID.
type kind uint8

// The message types of RTMP 1.0 (5.4 and 7.1).
const (
	kindSetChunkSize  kind = 1
	kindAbort         kind = 2
	kindAck           kind = 3
	kindUserControl   kind = 4
	kindWindowAckSize kind = 5
	kindPeerBandwidth kind = 6
	kindAudio         kind = 8
	kindVideo         kind = 9
	kindDataAMF3      kind = 15
	kindCommandAMF3   kind = 17
	kindDataAMF0      kind = 18
	kindCommandAMF0   kind = 20
	kindAggregate     kind = 22
)

// media reports whether bodies of kind k are frames, which Sinks keep.
func (k kind) media() bool {
	return k == kindAudio || k == kindVideo || k == kindAggregate
}
