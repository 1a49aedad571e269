package gateway_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/pkg/amf"
)

// BenchmarkAge publishes 30 pictures of 10 KB and 47 frames of sound a second
// in real time, and measures how old the newest frame of a part or chunk is
// when a client that waited for it has all of its bytes: from the moment at
// which the publisher wrote the frame to its socket. An operation is a hundred
// of them.
func BenchmarkAge(b *testing.B) {
	s := start(b)
	p := s.onAir(b, "age")
	s.playing("live/age", 2)
	for _, track := range []string{"v0", "a0"} {
		b.Run("part/"+track, func(b *testing.B) { report(b, func() []time.Duration { return s.watchParts(b, p, track, 100) }) })
		b.Run("chunk/"+track, func(b *testing.B) { report(b, func() []time.Duration { return s.watchChunks(b, p, track, 100) }) })
	}
}

func report(b *testing.B, watch func() []time.Duration) {
	b.Helper()
	var ages []time.Duration
	for b.Loop() {
		ages = append(ages, watch()...)
	}
	slices.Sort(ages)
	ms := func(q float64) float64 { return ages[int(q*float64(len(ages)-1))].Seconds() * 1000 }
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
	b.ReportMetric(ms(1), "max-ms")
	b.ReportMetric(0, "ns/op")
}

// A publisher knows when it sent each frame. Frames are marked with numbers.
type publisher struct {
	mu   sync.Mutex
	sent []time.Time
}

// mark stands in front of a frame's number.
var mark = []byte("\xf0frame\xf0\x0f")

// onAir publishes under a name until the benchmark ends.
func (s *server) onAir(b *testing.B, name string) *publisher {
	b.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.rtmp, "rtmp://"))
	if err != nil {
		b.Fatal(err)
	}
	p := &publisher{}
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() { _, _ = io.Copy(io.Discard, conn) })
	done.Go(func() { p.publish(b, conn, name, stop) })
	b.Cleanup(func() {
		close(stop)
		_ = conn.Close()
		done.Wait()
	})
	return p
}

func (p *publisher) publish(b *testing.B, conn io.Writer, name string, stop <-chan struct{}) {
	var s session
	s.Write(append([]byte{3}, make([]byte, 2*1536)...))
	s.message(1, 0, 0, binary.BigEndian.AppendUint32(nil, 1<<20))
	s.command(b, 0, "connect", 1.0, &amf.Object{Fields: []amf.Field{{Name: "app", Value: "live"}}})
	s.command(b, 0, "createStream", 2.0, nil)
	s.command(b, 1, "publish", 3.0, nil, name, "live")
	s.message(9, 1, 0, append([]byte{0x17, 0, 0, 0, 0}, avcConfig()...))
	s.message(8, 1, 0, []byte{0xaf, 0, 0x11, 0x90})

	picture := append([]byte{0x27, 1, 0, 0, 0, 0, 0, 0x27, 0x0c, 0x41}, make([]byte, 9995)...)
	sound := append([]byte{0xaf, 1}, make([]byte, 300)...)
	begun, pictures, sounds := time.Now(), 0, 0
	for {
		if _, err := conn.Write(s.Bytes()); err != nil {
			return
		}
		s.Reset()
		v, a := time.Duration(pictures)*time.Second/30, time.Duration(sounds)*1024*time.Second/48000
		select {
		case <-stop:
			return
		case <-time.After(time.Until(begun.Add(min(v, a)))):
		}
		if a < v {
			s.message(8, 1, uint32(a.Milliseconds()), p.number(sound, 2))
			sounds++
			continue
		}
		picture[0], picture[9] = 0x27, 0x41
		if pictures%60 == 0 {
			picture[0], picture[9] = 0x17, 0x65
		}
		s.message(9, 1, uint32((v + time.Millisecond/2).Milliseconds()), p.number(picture, 10))
		pictures++
	}
}

// number marks a frame that is about to be sent.
func (p *publisher) number(frame []byte, at int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := copy(frame[at:], mark)
	binary.BigEndian.PutUint32(frame[at+n:], uint32(len(p.sent)))
	p.sent = append(p.sent, time.Now())
	return frame
}

// age returns how long ago the last frame in media was sent.
func (p *publisher) age(b *testing.B, media []byte, now time.Time) time.Duration {
	b.Helper()
	at := bytes.LastIndex(media, mark)
	if at < 0 {
		b.Fatalf("no frame in %d bytes", len(media))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Sub(p.sent[binary.BigEndian.Uint32(media[at+len(mark):])])
}

var (
	hinted = regexp.MustCompile(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="(p\d+\.m4s)"`)
	opened = regexp.MustCompile(`#EXT-X-MEDIA-SEQUENCE:(\d+)`)
)

// watchParts fetches so many parts as a player does: it asks for the one that
// is hinted at and, at the same time, for the playlist that will have it.
func (s *server) watchParts(b *testing.B, p *publisher, track string, count int) []time.Duration {
	b.Helper()
	folder := "/live/age/" + track + "/"
	text := s.get(folder + "index.m3u8")
	var ages []time.Duration
	for len(ages) < count {
		hint := hinted.FindStringSubmatch(text)
		if hint == nil { // the name of what follows is not certain
			text = s.get(folder + "index.m3u8?" + next(b, text))
			continue
		}
		playlist := make(chan string, 1)
		go func() {
			_, body := s.try(folder + "index.m3u8?" + next(b, text))
			playlist <- body
		}()
		media := []byte(s.get(folder + hint[1]))
		ages = append(ages, p.age(b, media, time.Now()))
		text = <-playlist
	}
	return ages
}

// next returns the query for the playlist that has one part more.
func next(b *testing.B, text string) string {
	b.Helper()
	first, err := strconv.Atoi(opened.FindStringSubmatch(text)[1])
	if err != nil {
		b.Fatal(err)
	}
	number := first + strings.Count(text, "#EXTINF")
	growing := text[strings.LastIndex(text, "#EXTINF"):]
	return "_HLS_msn=" + strconv.Itoa(number) + "&_HLS_part=" + strconv.Itoa(strings.Count(growing, "#EXT-X-PART:"))
}

// watchChunks reads segments as they grow until there were so many chunks.
func (s *server) watchChunks(b *testing.B, p *publisher, track string, count int) []time.Duration {
	b.Helper()
	text := s.get("/live/age/" + track + "/index.m3u8")
	number, err := strconv.Atoi(opened.FindStringSubmatch(text)[1])
	if err != nil {
		b.Fatal(err)
	}
	number += strings.Count(text, "#EXTINF") + 1 // the one behind the one that grows
	var ages []time.Duration
	for ; len(ages) < count; number++ {
		res, err := s.client.Get(s.http + "/live/age/" + track + "/n" + strconv.Itoa(number) + ".m4s")
		if err != nil {
			b.Fatal(err)
		}
		if res.StatusCode == http.StatusNotFound { // it is not due yet
			_ = res.Body.Close()
			time.Sleep(100 * time.Millisecond)
			number--
			continue
		}
		body := bufio.NewReaderSize(res.Body, 1<<20)
		for {
			kind, data, err := readBox(body)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if kind == "mdat" {
				ages = append(ages, p.age(b, data, time.Now()))
			}
		}
		_ = res.Body.Close()
	}
	return ages
}

// readBox reads one box. It returns io.EOF where there is none.
func readBox(r io.Reader) (kind string, body []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", nil, err
	}
	body = make([]byte, binary.BigEndian.Uint32(head[:])-8)
	_, err = io.ReadFull(r, body)
	return string(head[4:]), body, err
}
