package rtmp

const (
	tagHeader  = 11 // of a message in an aggregate: type, size, timestamp, stream
	tagTrailer = 4  // back pointer: the size once more
)

// split calls each for the messages in an aggregate message, until it fails.
// "The difference between the timestamps of the aggregate message and the
// first sub-message is the offset used to renormalize the timestamps of the
// sub-messages" (RTMP 7.1.6). What is cut short is dropped.
func (m message) split(each func(message) error) error {
	var offset uint32
	for rest, first := m.body, true; len(rest) >= tagHeader; first = false {
		// The timestamp's highest byte comes last, as in FLV.
		stamp := uint24(rest[4:]) | uint32(rest[7])<<24
		if first {
			offset = m.time - stamp
		}
		end := tagHeader + int(uint24(rest[1:]))
		if end > len(rest) {
			return nil
		}
		sub := message{kind(rest[0]), m.stream, stamp + offset, rest[tagHeader:end:end]}
		if err := each(sub); err != nil {
			return err
		}
		rest = rest[min(end+tagTrailer, len(rest)):]
	}
	return nil
}
