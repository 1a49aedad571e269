package push

import (
	"encoding/binary"
	"math"
)

// The messages that gomedia's client has no words for: what the stream is, and
// that it ends. AMF0, Adobe's "Action Message Format -- AMF 0".

const (
	amfNumber = 0
	amfString = 2
	amfNull   = 5
	amfArray  = 8
)

const (
	typeData    = 18 // RTMP message types of AMF0
	typeCommand = 20

	// chunkStream carries our messages; gomedia uses 2, 3 and 5 to 8.
	chunkStream = 4
)

func appendString(b []byte, s string) []byte {
	return appendKey(append(b, amfString), s)
}

func appendKey(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

func appendNumber(b []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(append(b, amfNumber), math.Float64bits(v))
}

// A property is one entry of onMetaData.
type property struct {
	name  string
	value float64
}

// metadata returns the body of the onMetaData message.
func (c *Clip) metadata() []byte {
	var properties []property
	if v := c.video; v != nil {
		properties = append(properties, property{"width", float64(v.width)}, property{"height", float64(v.height)},
			property{"framerate", v.frameRate}, property{"videocodecid", 7})
	}
	if a := c.audio; a != nil {
		properties = append(properties, property{"audiosamplerate", float64(a.sampleRate)},
			property{"audiochannels", float64(a.channels)}, property{"audiocodecid", 10})
	}
	b := appendString(appendString(nil, "@setDataFrame"), "onMetaData")
	b = binary.BigEndian.AppendUint32(append(b, amfArray), uint32(len(properties)+1))
	for _, p := range properties {
		b = appendNumber(appendKey(b, p.name), p.value)
	}
	b = appendString(appendKey(b, "encoder"), "Sluice push")
	return append(b, 0, 0, 9) // object end
}

// unpublish returns the bodies of the commands that end a stream.
func unpublish(name string, stream uint32) [][]byte {
	fc := appendNumber(appendString(nil, "FCUnpublish"), 0)
	fc = appendString(append(fc, amfNull), name)
	del := appendNumber(appendString(nil, "deleteStream"), 0)
	del = appendNumber(append(del, amfNull), float64(stream))
	return [][]byte{fc, del}
}

// message returns an RTMP message as one chunk of type 0; body is no longer than
// a chunk.
func message(kind byte, stream uint32, body []byte) []byte {
	n := len(body)
	b := []byte{chunkStream, 0, 0, 0, byte(n >> 16), byte(n >> 8), byte(n), kind}
	return append(binary.LittleEndian.AppendUint32(b, stream), body...)
}
