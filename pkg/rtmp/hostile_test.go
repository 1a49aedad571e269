package rtmp

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/pkg/amf"
)

// A hostile case is input that broke other servers. After it, the server
// either still answers the peer or has closed the connection.
type hostile struct {
	name    string
	closes  bool
	publish bool // the peer publishes first
	do      func(t *testing.T, p *peer, stream uint32)
}

// unfinished is how many bytes of each of 62 messages are sent.
const unfinished = 8 << 10

// try writes without minding that the server may close amid it.
func (p *peer) try(b []byte) { _, _ = p.nc.Write(b) }

// chunked returns a command message of values.
func commandBytes(body []byte) []byte {
	w := &chunkWriter{size: defaultChunkSize}
	w.message(chunkCommand, message{kind: kindCommandAMF0, body: body})
	return w.buf
}

func connectWith(extra string) []byte {
	head, _ := amf.Append(nil, "connect", 1.0)
	return []byte(string(head) + "\x03\x00\x03app\x02\x00\x04live\x00\x01x" + extra)
}

// videoBody returns a legacy AVC message.
func videoBody(packet byte, rest string) []byte {
	return append([]byte{0x17, packet, 0, 0, 0}, rest...)
}

func hostileCases(t *testing.T) []hostile {
	setChunkSize := func(p *peer, n string) { p.try(append(unhex(t, "02 000000 000004 01 00000000"), n...)) }
	media := func(k kind, bodies ...string) func(*testing.T, *peer, uint32) {
		return func(_ *testing.T, p *peer, stream uint32) {
			for _, b := range bodies {
				p.send(message{kind: k, stream: stream, body: []byte(b)})
			}
		}
	}
	repeat := func(unit []byte, total int) func(*testing.T, *peer, uint32) {
		return func(_ *testing.T, p *peer, _ uint32) {
			for all := bytes.Repeat(unit, 1+65536/len(unit)); total > 0; total -= len(all) {
				p.try(all)
			}
		}
	}
	manyStreams := func(length string, each int) func(*testing.T, *peer, uint32) {
		return func(_ *testing.T, p *peer, _ uint32) {
			setChunkSize(p, "\x00\x00\x00\x01")
			for i := range 62 {
				p.try(append([]byte{byte(2 + i), 0, 0, 0}, length+"\x09\x01\x00\x00\x00x"...))
			}
			round := make([]byte, 0, 124)
			for i := range 62 {
				round = append(round, 0xc2+byte(i), 'x')
			}
			block := bytes.Repeat(round, 512)
			for range each / 512 {
				p.try(block)
			}
			p.try(unhex(t, "02 000000 000004 01 00000000 00 c200 c200 c280")) // chunk size 128
		}
	}
	return []hostile{
		{"zero-length message", false, false, func(_ *testing.T, p *peer, _ uint32) {
			p.try(unhex(t, "03 000000 000000 14 00000000"))
			p.try(unhex(t, "04 000000 000000 00 00000000"))
		}},
		{"zero-length messages without end", true, false, repeat([]byte{0xc4}, 2<<20)},
		{"chunk size 0", true, false, func(_ *testing.T, p *peer, _ uint32) { setChunkSize(p, "\x00\x00\x00\x00") }},
		{"chunk size with top bit", true, true, func(_ *testing.T, p *peer, _ uint32) { setChunkSize(p, "\xff\xff\xff\xff") }},
		{"connect with lists and nested objects", false, false, func(_ *testing.T, p *peer, _ uint32) {
			p.call(0, "connect", object(field("app", "live"), field("fourCcList", []any{"av01", "hvc1"}),
				field("videoFourCcInfoMap", object(field("*", object(field("x", []any{object()})))))))
		}},
		{"connect with a long string of 4 GB", true, false, func(_ *testing.T, p *peer, _ uint32) {
			p.try(commandBytes(connectWith("\x0c\xff\xff\xff\xff")))
		}},
		{"long strings of 4 GB", false, false, func(_ *testing.T, p *peer, _ uint32) {
			p.try(commandBytes([]byte(strings.Repeat("\x0c\xff\xff\xff\xff", 12000))))
		}},
		{"array of 4 G values", true, false, func(_ *testing.T, p *peer, _ uint32) {
			p.try(commandBytes(connectWith("\x0a\xff\xff\xff\xff")))
		}},
		{"connect of 9.9 MB", true, false, func(_ *testing.T, p *peer, _ uint32) {
			p.try(commandBytes(connectWith(strings.Repeat("\x03\x00\x01a", 2_500_000))))
		}},
		{"connect of 60 KB of nested objects", true, false, func(_ *testing.T, p *peer, _ uint32) {
			p.try(commandBytes(connectWith(strings.Repeat("\x03\x00\x01a", 15000))))
		}},
		{"nested AMF3", true, false, func(_ *testing.T, p *peer, _ uint32) {
			p.try(commandBytes(connectWith("\x11" + strings.Repeat("\x09\x03\x01", 15000))))
		}},
		{"metadata of 800 KB of nested objects", false, true, media(kindDataAMF0, strings.Repeat("\x03\x00\x01a", 200_000))},
		{"62 chunk streams of 10 MB, chunk size 1", true, false, manyStreams("\x98\x96\x80", 512)},
		{"62 chunk streams of 10 MB, chunk size 1, publishing", false, true, manyStreams("\x98\x96\x80", unfinished)},
		{"62 chunk streams above the limit, publishing", true, true, manyStreams("\x98\x96\x80", 4*unfinished)},
		{"65 chunk streams", true, true, func(_ *testing.T, p *peer, _ uint32) {
			for i := range 65 {
				p.try(append([]byte{0, byte(i)}, unhex(t, "000000 000001 09 01000000 78")...))
			}
		}},
		{"announced message of 16 MB before publishing", true, false, func(_ *testing.T, p *peer, _ uint32) {
			p.try(unhex(t, "04 000000 ffffff 09 01000000"))
		}},
		{"commands without end", true, false, func(_ *testing.T, p *peer, _ uint32) {
			body, _ := amf.Append(nil, "frobnicate", 0.0)
			repeat(commandBytes(body), 4<<20)(t, p, 0)
		}},
		{"unknown messages without end", true, false, repeat(unhex(t, "04 000000 000004 63 00000000 01020304"), 4<<20)},
		{"media without publishing, without end", true, false, repeat(unhex(t, "04 000000 000004 09 01000000 01020304"), 4<<20)},
		{"HTTP", true, false, func(_ *testing.T, p *peer, _ uint32) {
			p.try([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + strings.Repeat("x", 2<<20)))
		}},
		{"large chunk stream IDs", false, true, func(_ *testing.T, p *peer, _ uint32) {
			p.try(unhex(t, "00 24 000000 000004 08 01000000 af001210   01 1234 000000 000004 08 01000000 af002110"))
		}},
		{"AMF3, date, aggregate", false, true, func(_ *testing.T, p *peer, stream uint32) {
			date, _ := amf.Append(nil, "onMetaData", object(field("creationdate", amf.Date(1e12))))
			p.send(message{kind: kindDataAMF0, stream: stream, body: date})
			p.send(message{kind: kindCommandAMF3, body: append([]byte{0}, date...)})
			p.send(message{kind: kindAggregate, stream: stream, body: appendTag(nil, msg(8, 0, 9, "\xaf\x00\x12\x10"))})
			p.send(message{kind: kindAggregate, stream: stream, body: []byte("\x08\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00x")})
		}},
		{"ModEx, ManyTracks, ec-3, nothing", false, true, media(kindAudio,
			"\x97\x02\x00\x00\x00\x01Opus", "\x97\xff\xff\xff", "\x95\x20", "\x95\x10Opus\x00\xff\xff\xffx", "\x90ec-3", "", "\x9f", "\xaf", "\xff")},
		{"H.265 then H.264", false, true, media(kindVideo,
			"\x90hvc1\x01\x02", string(videoBody(0, "\x01\x42\xc0\x1e\xff\xe1\x00\x02gB\x01\x00\x01h")), "\x91hvc1\x00\x00\x00xxxx", string(videoBody(1, "\x00\x00\x00\x01e")))},
		{"NAL past the end, short video", false, true, media(kindVideo,
			"", "\x17", "\x17\x01", "\x17\x00\x00\x00\x00", "\x80", "\x96", "\x97\xff",
			string(videoBody(1, "\xff\xff\xff\xffe")), string(videoBody(1, "\x00")), string(videoBody(0, "\x01")))},
		{"type 3 behind an extended timestamp", false, true, func(_ *testing.T, p *peer, _ uint32) {
			setChunkSize(p, "\x00\x00\x00\x80")
			p.try(unhex(t, "04 ffffff 000081 08 01000000 01234567"))
			p.try(bytes.Repeat([]byte{0xaf}, 128))
			p.try(unhex(t, "c4 01234567 af"))
		}},
	}
}

// Each case runs beside a healthy publisher, who must not notice, and leaves
// memory as it was.
func TestHostileInput(t *testing.T) {
	s := startServer(t, Limits{Partial: 62 * 2 * unfinished})
	s.setUp = func(sink *fakeSink) error { sink.light = true; return nil }
	healthy, stream := s.publisher(t, "healthy")
	sink := s.sink(t, 0)
	healthy.audioConfig(stream)
	for i, c := range hostileCases(t) {
		ok := t.Run(c.name, func(t *testing.T) {
			before := heap(t)
			p := dial(t, s.addr)
			var id uint32
			if c.publish {
				p.connect("live")
				id = p.publish("hostile")
			}
			c.do(t, p, id)
			if c.closes {
				p.wantEnd()
			} else {
				p.try(unhex(t, "3f 000000 000006 04 00000000 0006 01020304"))
				if m := p.message(kindUserControl); len(m.body) == 6 {
					for string(m.body) != "\x00\x07\x01\x02\x03\x04" { // StreamBegin comes before
						m = p.message(kindUserControl)
					}
				}
			}
			_ = healthy.nc.SetDeadline(time.Now().Add(patience))
			healthy.audio(stream, uint32(i))
			s.waitFrames(t, sink, i+1)
			_ = p.nc.Close()
			s.board.wait(t, "the name to be free", func() bool {
				return !c.publish || s.sinks[len(s.sinks)-1].ended()
			})
			if after := heap(t); after > before+8<<20 {
				t.Errorf("the heap grew from %d to %d", before, after)
			}
		})
		if !ok {
			break // what comes next would fail for it
		}
	}
	if strings.Contains(s.log.String(), "stack") {
		t.Errorf("something panicked: %s", s.log)
	}
}

// heap returns the bytes that are in use.
func heap(t *testing.T) uint64 {
	t.Helper()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// While the bytes of unfinished messages are held, they are held about once.
func TestUnfinishedMessagesAreHeldOnce(t *testing.T) {
	s := startServer(t, Limits{})
	p, _ := s.publisher(t, "key")
	before := heap(t)
	for _, c := range hostileCases(t) {
		if c.name == "62 chunk streams of 10 MB, chunk size 1, publishing" {
			c.do(t, p, 1)
		}
	}
	p.try(unhex(t, "3f 000000 000006 04 00000000 0006 01020304"))
	for string(p.message(kindUserControl).body) != "\x00\x07\x01\x02\x03\x04" {
	}
	if held := int64(heap(t)) - int64(before); held > 5*unfinished*62/2 {
		t.Errorf("%d bytes were sent, %d are held", unfinished*62, held)
	}
}
