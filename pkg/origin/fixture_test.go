package origin_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/origin"
	"sluice/pkg/store"
)

var (
	v0 = media.TrackID{Kind: media.Video}
	a0 = media.TrackID{Kind: media.Audio}

	// now is when the stream of every test began.
	now = time.Date(2026, 11, 22, 13, 0, 0, 510_000_000, time.UTC)
)

// tracks returns H.264 and AAC tracks.
func tracks() []media.Track {
	sps, pps := "\x67\x64\x00\x1f\xac\xd9\x40", "\x68\xeb\xe3\xcb"
	record := "\x01\x64\x00\x1f\xff\xe1\x00\x07" + sps + "\x01\x00\x04" + pps
	return []media.Track{
		{ID: v0, Codec: media.H264, Timescale: 90000, Config: []byte(record), Codecs: "avc1.64001F", Width: 640, Height: 360, CodedWidth: 640, CodedHeight: 360},
		{ID: a0, Codec: media.AAC, Timescale: 48000, Config: []byte{0x11, 0x90}, Codecs: "mp4a.40.2", SampleRate: 48000, Channels: 2, FrameTicks: 1024},
	}
}

// A studio is an Origin with one stream, live/show, of segments of two
// seconds, that a test adds by hand.
type studio struct {
	t     testing.TB
	show  *live.Presentation
	store *countingStore
	log   *bytes.Buffer
	*httptest.Server
	origin  *origin.Origin
	handler http.Handler
	parking *origin.Parking
	clock   time.Time
	targets live.Targets
	period  *live.Period
}

// newStudio returns a studio with a server.
func newStudio(t *testing.T, changes ...func(*origin.Config)) *studio {
	t.Helper()
	s := newSet(t, changes...)
	s.Server = httptest.NewServer(s.handler)
	t.Cleanup(s.Close)
	return s
}

// newSet returns a studio without a server.
func newSet(t testing.TB, changes ...func(*origin.Config)) *studio {
	t.Helper()
	s := &studio{t: t, store: &countingStore{Store: store.NewMemory()}, log: &bytes.Buffer{}, clock: now, targets: targets}
	s.show = live.New(live.Settings{App: "live", Name: "show", Window: 30 * time.Second, Started: now})
	s.period = &live.Period{Start: now}
	for _, track := range tracks() {
		s.period.Headers = append(s.period.Headers, &live.Header{Track: track, Name: "header-" + track.ID.String(), Data: []byte("moov " + track.ID.String())})
	}
	config := origin.Config{
		RTMP: 1936, Segment: 3 * time.Second,
		Source: s, Store: s.store, TSCache: 1 << 20, Now: s.now,
		Log: zerolog.New(zerolog.SyncWriter(s.log)),
		Pages: fstest.MapFS{
			"index.html":         {Data: []byte("<h1>all</h1>")},
			"player.html":        {Data: []byte("<h1>one</h1>")},
			"assets/app-1234.js": {Data: []byte("play()")},
			".gitkeep":           {},
		},
	}
	for _, change := range changes {
		change(&config)
	}
	o, err := origin.New(config)
	if err != nil {
		t.Fatal(err)
	}
	handler := o.Handler()
	s.origin, s.handler, s.parking = o, handler, handler.Parking
	return s
}

// now is the wall clock, which a test may set.
func (s *studio) now() time.Time { return s.clock }

// Lookup implements origin.Source.
func (s *studio) Lookup(app, name string) (*live.Presentation, bool) {
	return s.show, app == "live" && name == "show"
}

// List implements origin.Source.
func (s *studio) List() []*live.Presentation { return []*live.Presentation{s.show} }

// targets are those of what is cut here: segments of two seconds, in four parts
// of one chunk each.
var targets = live.Targets{Segment: 2 * time.Second, Part: partLength, Chunk: partLength}

const (
	partLength = 500 * time.Millisecond
	partsEach  = 4
)

// add publishes segment number n of a track, all at once.
func (s *studio) add(id media.TrackID, n uint64) live.Segment {
	s.t.Helper()
	t := s.begin(id, n)
	for range partsEach {
		t.cut()
	}
	return t.finish()
}

// A take is a segment that is being cut.
type take struct {
	s *studio
	live.Growing
	fragments *cmaf.Fragmenter
}

// begin begins segment number n of a track. Nothing of it is published yet.
func (s *studio) begin(id media.TrackID, n uint64) *take {
	header := s.period.Header(id)
	scale := media.Ticks(header.Track.Timescale)
	t := &take{s: s, fragments: cmaf.NewFragmenter(header.Track, 1)}
	t.Segment = live.Segment{
		Number: n, Period: s.period, Header: header, Independent: true,
		Start: media.TicksAt(now, uint32(scale)) + media.Ticks(n)*2*scale,
	}
	t.Name = strconv.FormatInt(int64(t.Start), 10)
	return t
}

// cut adds a part, which publish shows.
func (t *take) cut() live.Part {
	t.s.t.Helper()
	track := t.Header.Track
	part := live.Part{Start: t.Start + t.Duration, Duration: media.TicksOf(partLength, track.Timescale), Offset: t.Size, Independent: true}
	for at := part.Start; at < part.End(); at += part.Duration / 5 {
		if err := t.fragments.Append(media.Sample{Track: track.ID, Key: true, DTS: at, Data: []byte("\x00\x00\x00\x02\x65\x88")}); err != nil {
			t.s.t.Fatal(err)
		}
		t.Frames++
	}
	chunk := t.fragments.Flush(part.End())
	part.Size = int64(len(chunk))
	t.Parts, t.Chunks = append(t.Parts, part), append(t.Chunks, chunk)
	t.Duration, t.Size = t.Duration+part.Duration, t.Size+part.Size
	t.KeySize = int64(t.fragments.KeySize())
	return part
}

// publish shows what there is, and says that the part behind it will come.
func (t *take) publish() {
	t.s.show.Grow(t.Header.Track.ID, t.Growing, live.PartName(t.End()), t.s.now())
}

// next cuts a part and publishes it.
func (t *take) next() live.Part {
	t.s.t.Helper()
	part := t.cut()
	t.publish()
	return part
}

// finish ends the segment: it is stored and listed.
func (t *take) finish() live.Segment {
	t.s.t.Helper()
	id := t.Header.Track.ID
	if err := t.s.store.Put(t.s.show.Blob(id, t.Name), t.Chunks...); err != nil {
		t.s.t.Fatal(err)
	}
	t.s.show.Add(id, t.Segment, t.s.targets, t.s.now())
	return t.Segment
}

// bytes returns all there is of it.
func (t *take) bytes() string { return string(bytes.Join(t.Chunks, nil)) }

// transport asks for no encoding by itself.
var transport = &http.Transport{DisableCompression: true}

// A request is one of HTTP.
type request struct {
	method, path string
	header       map[string]string
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// do makes a request without following redirects. The path goes out as it is.
func (s *studio) do(r request) answer {
	s.t.Helper()
	req, err := http.NewRequest(r.method, s.URL, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	req.URL.Opaque = "//" + req.URL.Host + r.path
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func (s *studio) get(path string) answer {
	s.t.Helper()
	return s.do(request{method: http.MethodGet, path: path})
}

// A countingStore counts how often each blob is opened, and can hold openers
// up or fail.
type countingStore struct {
	store.Store
	mu     sync.Mutex
	opened map[string]int
	gate   chan struct{} // Open waits until it is closed; nil for no gate
	fault  func(name string)
}

// Open implements store.Store.
func (c *countingStore) Open(name string) (store.Blob, error) {
	c.mu.Lock()
	if c.opened == nil {
		c.opened = make(map[string]int)
	}
	c.opened[name]++
	gate, fault := c.gate, c.fault
	c.mu.Unlock()
	if gate != nil {
		<-gate
	}
	if fault != nil {
		fault(name)
	}
	return c.Store.Open(name)
}

func (c *countingStore) count(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opened[name]
}

// headers writes a header field by field, but for what differs from one
// request to the next.
func headers(h http.Header) string {
	var lines []string
	for name, values := range h {
		if name != "Date" {
			lines = append(lines, fmt.Sprintf("%s: %s", name, strings.Join(values, ", ")))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// A brittleStore has blobs whose reading panics after a few bytes.
type brittleStore struct{ store.Store }

// Open implements store.Store.
func (b brittleStore) Open(name string) (store.Blob, error) {
	blob, err := b.Store.Open(name)
	return &brittleBlob{Blob: blob}, err
}

type brittleBlob struct {
	store.Blob
	read bool
}

// Read implements io.Reader.
func (b *brittleBlob) Read(p []byte) (int, error) {
	if b.read {
		panic("a fault of the blob")
	}
	b.read = true
	return b.Blob.Read(p[:min(len(p), 10)])
}
