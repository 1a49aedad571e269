package rtmp

import (
	"encoding/binary"
	"io"
)

// outChunkSize is the chunk size of what the server sends. Its answers fit
// into one chunk.
const outChunkSize = 4096

// The chunk streams of what the server sends. 2 is reserved for protocol
// control messages.
const (
	chunkControl = 2
	chunkCommand = 3
	chunkStatus  = 5
)

// A chunkWriter sends messages. They are collected until flush; an error
// sticks.
type chunkWriter struct {
	out  io.Writer
	size int // of the chunks to come
	buf  []byte
	err  error
}

// message adds one message, with timestamp 0.
func (w *chunkWriter) message(chunk byte, m message) {
	w.buf = append(w.buf, chunk, 0, 0, 0, byte(len(m.body)>>16), byte(len(m.body)>>8), byte(len(m.body)), byte(m.kind))
	w.buf = binary.LittleEndian.AppendUint32(w.buf, m.stream)
	body := m.body
	for len(body) > w.size {
		w.buf = append(w.buf, body[:w.size]...)
		w.buf = append(w.buf, 3<<6|chunk)
		body = body[w.size:]
	}
	w.buf = append(w.buf, body...)
}

// control adds a protocol control message whose body is one number.
func (w *chunkWriter) control(k kind, n uint32, more ...byte) {
	body := append(binary.BigEndian.AppendUint32(nil, n), more...)
	w.message(chunkControl, message{kind: k, body: body})
}

// event adds a user control message.
func (w *chunkWriter) event(event uint16, n uint32) {
	body := binary.BigEndian.AppendUint16(nil, event)
	body = binary.BigEndian.AppendUint32(body, n)
	w.message(chunkControl, message{kind: kindUserControl, body: body})
}

// flush sends what was collected.
func (w *chunkWriter) flush() error {
	if len(w.buf) > 0 && w.err == nil {
		_, w.err = w.out.Write(w.buf)
	}
	w.buf = w.buf[:0]
	return w.err
}
