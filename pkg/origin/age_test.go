package origin_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"sluice/pkg/live"
)

// BenchmarkAge measures the time from when the presentation grows to when a
// client that waited for it has all bytes of the answer, with a part of 64 KB.
func BenchmarkAge(b *testing.B) {
	for _, c := range []struct {
		name string
		path func(s *screening) string
	}{
		{"part", func(s *screening) string { return live.PartName(s.video.End()) + ".m4s" }},
		{"playlist", func(s *screening) string {
			return fmt.Sprintf("index.m3u8?_HLS_msn=%d&_HLS_part=%d", s.video.Number, len(s.video.Parts))
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := screen(b)
			var ages ages
			for b.Loop() {
				send(b, s.conn, "/live/show/v0/"+c.path(s))
				s.eventually(func() bool { return s.inside.Load() == 1 })
				began := s.grow()
				s.answer()
				ages = append(ages, time.Since(began))
				if len(s.video.Parts) == partsEach {
					s.cutTo(s.video.Number + 1)
				}
				s.eventually(func() bool { return s.inside.Load() == 0 })
			}
			ages.report(b)
		})
	}
	b.Run("chunk", func(b *testing.B) {
		s := screen(b)
		var ages ages
		s.video.next()
		send(b, s.conn, fmt.Sprintf("/live/show/v0/n%d.m4s", s.video.Number))
		res, err := http.ReadResponse(s.in, nil)
		if err != nil {
			b.Fatal(err)
		}
		defer func() {
			s.show.End(s.now()) // cuts it off: closing reads to the end
			_ = res.Body.Close()
		}()
		s.read(res.Body, s.video.Size)
		for b.Loop() {
			began := s.grow()
			s.read(res.Body, s.video.Parts[len(s.video.Parts)-1].Size)
			ages = append(ages, time.Since(began))
		}
		ages.report(b)
	})
}

// A screening is a stream with one client.
type screening struct {
	*venue
	video *take
	bytes []byte // of each part
	conn  net.Conn
	in    *bufio.Reader
}

func screen(b *testing.B) *screening {
	b.Helper()
	v := &venue{studio: newSet(b)}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.inside.Add(1)
		defer v.inside.Add(-1)
		v.handler.ServeHTTP(w, r)
	}))
	conn := v.call()
	_ = conn.SetDeadline(time.Time{})
	b.Cleanup(func() {
		_ = conn.Close()
		v.Close()
	})
	s := &screening{venue: v, bytes: make([]byte, 64<<10), conn: conn, in: bufio.NewReaderSize(conn, 128<<10)}
	s.add(v0, 0)
	s.add(a0, 0)
	s.cutTo(1)
	return s
}

// cutTo begins another segment, behind the one that there may be.
func (s *screening) cutTo(number uint64) {
	if s.video != nil {
		s.video.finish()
	}
	s.video = s.begin(v0, number)
	s.video.next()
}

// grow publishes a part of 64 KB, and returns when.
func (s *screening) grow() time.Time {
	s.video.cut()
	chunk, part := &s.video.Chunks[len(s.video.Chunks)-1], &s.video.Parts[len(s.video.Parts)-1]
	s.video.Size += int64(len(s.bytes)) - part.Size
	*chunk, part.Size = s.bytes, int64(len(s.bytes))
	began := time.Now()
	s.video.publish()
	return began
}

// answer reads an answer.
func (s *screening) answer() {
	res, err := http.ReadResponse(s.in, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		s.t.Fatal(res.Status)
	}
	s.read(res.Body, res.ContentLength)
}

// read reads so many bytes.
func (s *screening) read(body io.Reader, size int64) {
	if _, err := io.CopyN(io.Discard, body, size); err != nil {
		s.t.Fatal(err)
	}
}

type ages []time.Duration

func (a ages) report(b *testing.B) {
	b.Helper()
	slices.Sort(a)
	for name, q := range map[string]float64{"p50-µs": 0.5, "p99-µs": 0.99} {
		b.ReportMetric(float64(a[int(q*float64(len(a)-1))].Microseconds()), name)
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkTexts measures what the first request for a playlist or a manifest of something
// new costs, which renders, hashes and compresses it, and what each later one does, with
// windows of three lengths. What is new, a part for playlists and a segment for manifests,
// is not in the time.
func BenchmarkTexts(b *testing.B) {
	for _, window := range []time.Duration{10 * time.Second, 30 * time.Second, 3 * time.Hour} {
		for _, path := range []string{"v0/index.m3u8", "index.mpd", "ll.mpd"} {
			s := newSet(b)
			s.show = live.New(live.Settings{App: "live", Name: "show", Window: window, Started: now})
			next := uint64(0)
			segment := func() {
				s.add(v0, next)
				s.add(a0, next)
				next++
				s.clock = s.clock.Add(targets.Segment)
			}
			for next < uint64(window/targets.Segment)+5 {
				segment()
			}
			news := segment
			if path == "v0/index.m3u8" {
				news = growth(s, next)
			}
			ask := func(encoding string) {
				r := httptest.NewRequest(http.MethodGet, "/live/show/"+path, http.NoBody)
				r.Header.Set("Accept-Encoding", encoding)
				w := &nowhere{httptest.NewRecorder()}
				s.handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
			for _, encoding := range []string{"identity", "gzip"} {
				b.Run(path+"/first/"+encoding+"/"+window.String(), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						b.StopTimer()
						news()
						b.StartTimer()
						ask(encoding)
					}
				})
				b.Run(path+"/again/"+encoding+"/"+window.String(), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						ask(encoding)
					}
				})
			}
		}
	}
}

// growth returns what publishes the next part of video, from a segment on, and behind the
// last part of each the segment.
func growth(s *studio, segment uint64) func() {
	var video *take
	return func() {
		if video == nil {
			video = s.begin(v0, segment)
			segment++
		}
		video.next()
		if len(video.Parts) == partsEach {
			video.finish()
			s.clock, video = s.clock.Add(targets.Segment), nil
		}
	}
}

// nowhere drops what is written.
type nowhere struct{ *httptest.ResponseRecorder }

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
