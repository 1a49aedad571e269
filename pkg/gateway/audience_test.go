package gateway_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What viewers wait for.
const (
	playlist = "playlist" // of LL-HLS, with a new part in it
	part     = "part"     // of LL-HLS, asked for as soon as it is listed
	chunk    = "chunk"    // of LL-DASH, in a growing segment
)

var kinds = []string{playlist, part, chunk}

// A moment is one of those, of one track: a viewer has all of its bytes.
type moment struct{ kind, track, name string }

// An audience watches one stream, with sound, some of it at the gateway and
// most of it somewhere else. It remembers who had what when.
type audience struct {
	gateway, stream string

	mu     sync.Mutex
	there  map[moment]time.Time   // the first at the gateway
	here   map[moment][]time.Time // all the others
	sums   map[string]uint32      // of segments, as they were sent first
	faults []string
}

func newAudience(gateway, stream string) *audience {
	return &audience{
		gateway: strings.TrimPrefix(gateway, "http://"), stream: "/" + stream + "/",
		there: make(map[moment]time.Time), here: make(map[moment][]time.Time), sums: make(map[string]uint32),
	}
}

// watch has so many viewers of each kind watch at an address for some time, and
// one of each at the gateway. It returns when the last has gone.
func (a *audience) watch(address string, viewers int, length time.Duration) {
	until := time.Now().Add(length)
	var all sync.WaitGroup
	for i := range 2 * (viewers + 1) {
		v := &viewer{audience: a, address: address, direct: i < 2, until: until}
		if v.direct {
			v.address = a.gateway
		}
		for _, track := range []string{"v0", "a0"} {
			all.Go(func() {
				var err error
				if i%2 == 0 {
					err = v.hls(track)
				} else {
					err = v.dash(track)
				}
				if err != nil {
					a.fault("viewer %d of %s: %v", i, track, err)
				}
			})
		}
	}
	all.Wait()
}

func (a *audience) fault(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, fmt.Sprintf(format, args...))
}

// lateness returns, sorted, by how many milliseconds viewers had something later
// than the first of all who watch: mostly the one at the gateway.
func (a *audience) lateness(kind string) []float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	var late []float64
	for m, first := range a.there {
		if m.kind != kind {
			continue
		}
		for _, then := range a.here[m] {
			if then.Before(first) {
				first = then
			}
		}
		for _, then := range a.here[m] {
			late = append(late, then.Sub(first).Seconds()*1000)
		}
	}
	slices.Sort(late)
	return late
}

// at returns a quantile of what is sorted, 0 if there is nothing.
func at(sorted []float64, quantile float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(quantile*float64(len(sorted)-1))]
}

// A viewer is one player.
type viewer struct {
	*audience
	address string
	direct  bool
	until   time.Time
}

// has notes that the viewer has something now.
func (v *viewer) has(m moment) {
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	switch _, known := v.there[m]; {
	case !v.direct:
		v.here[m] = append(v.here[m], now)
	case !known:
		v.there[m] = now
	}
}

// A wire is one connection for one request at a time, which costs a tenth of
// what http.Client does: it is not viewers that are measured.
type wire struct {
	net.Conn
	in   *bufio.Reader
	body bytes.Buffer
}

func (v *viewer) dial() (*wire, error) {
	conn, err := net.Dial("tcp", v.address)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: conn, in: bufio.NewReaderSize(conn, 32<<10)}, conn.SetDeadline(v.until.Add(patience))
}

func (w *wire) get(path string, fields map[string]string) (*http.Response, error) {
	var head strings.Builder
	fmt.Fprintf(&head, "GET %s HTTP/1.1\r\nHost: edge\r\n", path)
	for name, value := range fields {
		fmt.Fprintf(&head, "%s: %s\r\n", name, value)
	}
	if _, err := io.WriteString(w, head.String()+"\r\n"); err != nil {
		return nil, err
	}
	return http.ReadResponse(w.in, nil)
}

// text returns the body of an answer that must be 200. It is good until the
// next call.
func (w *wire) text(path string) ([]byte, error) {
	res, err := w.get(path, nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", path, res.Status)
	}
	w.body.Reset()
	_, err = w.body.ReadFrom(res.Body)
	return w.body.Bytes(), err
}

// hls waits for one playlist after the other, and gets the parts that each adds.
func (v *viewer) hls(track string) error {
	w, err := v.dial()
	if err != nil {
		return err
	}
	defer w.Close()
	folder := v.stream + track + "/"
	text, err := w.text(folder + "index.m3u8")
	newest := ""
	for err == nil && time.Now().Before(v.until) {
		next, fresh, parseErr := follow(text, newest)
		if parseErr != nil {
			return parseErr
		}
		if newest == "" {
			fresh = fresh[len(fresh)-1:]
		}
		for _, name := range fresh {
			if _, err := w.text(folder + name); err != nil {
				return err
			}
			v.has(moment{part, track, name})
			newest = name
		}
		if text, err = w.text(folder + next); err == nil {
			v.has(moment{playlist, track, next})
		}
	}
	return err
}

// follow returns which playlist comes after one, and the parts that it lists
// behind one of them, or all.
func follow(list []byte, newest string) (next string, fresh []string, err error) {
	_, after, _ := bytes.Cut(list, []byte("#EXT-X-MEDIA-SEQUENCE:"))
	line, _, _ := bytes.Cut(after, []byte("\n"))
	number, err := strconv.Atoi(string(line))
	if err != nil {
		return "", nil, err
	}
	segment, tag := []byte("#EXTINF"), []byte("#EXT-X-PART:")
	number += bytes.Count(list, segment)
	index := bytes.Count(list[max(bytes.LastIndex(list, segment), 0):], tag)
	behind := list
	if at := bytes.LastIndex(list, []byte(newest)); newest != "" && at >= 0 {
		behind = list[at:]
	}
	for {
		_, after, found := bytes.Cut(behind, tag)
		if !found {
			break
		}
		_, uri, _ := bytes.Cut(after, []byte(`URI="`))
		name, rest, _ := bytes.Cut(uri, []byte(`"`))
		fresh, behind = append(fresh, string(name)), rest
	}
	if len(fresh) == 0 {
		return "", nil, errors.New("no new part in the playlist")
	}
	return fmt.Sprintf("index.m3u8?_HLS_msn=%d&_HLS_part=%d", number, index), fresh, nil
}

// A manifest is what a player of LL-DASH needs to know.
type manifest struct {
	Periods []struct {
		Start  string `xml:"start,attr"`
		Tracks []struct {
			ID       string `xml:"id,attr"`
			Template struct {
				Timescale int64   `xml:"timescale,attr"`
				Duration  int64   `xml:"duration,attr"`
				Number    int64   `xml:"startNumber,attr"`
				Offset    float64 `xml:"availabilityTimeOffset,attr"`
				Media     string  `xml:"media,attr"`
			} `xml:"SegmentTemplate"`
		} `xml:"AdaptationSet>Representation"`
	} `xml:"Period"`
}

// due returns the address of the first segment of a track that is available
// after a time, and when.
func (m *manifest) due(track string, after time.Time) (address string, available time.Time, err error) {
	if len(m.Periods) == 0 {
		return "", after, errors.New("no Period in the MPD")
	}
	p := m.Periods[len(m.Periods)-1]
	begin, err := time.ParseDuration(strings.ToLower(strings.TrimPrefix(p.Start, "PT")))
	if err != nil {
		return "", after, err
	}
	for _, listed := range p.Tracks {
		t := listed.Template
		if listed.ID != track || t.Timescale == 0 {
			continue
		}
		length := time.Duration(t.Duration) * time.Second / time.Duration(t.Timescale)
		first := time.Unix(0, 0).Add(begin + length - time.Duration(t.Offset*float64(time.Second)))
		n := max((after.Sub(first)+length-1)/length, 0)
		address = strings.Replace(t.Media, "$Number$", strconv.FormatInt(t.Number+int64(n), 10), 1)
		return address, first.Add(n * length), nil
	}
	return "", after, fmt.Errorf("no %s in the MPD", track)
}

// dash gets one growing segment after the other, each when the MPD says that it
// is available, or a little earlier, as players do whose clocks are not exact.
func (v *viewer) dash(track string) error {
	w, err := v.dial()
	if err != nil {
		return err
	}
	defer w.Close()
	const early = 50 * time.Millisecond
	for time.Now().Before(v.until) {
		text, err := w.text(v.stream + "ll.mpd")
		if err != nil {
			return err
		}
		var m manifest
		if err := xml.Unmarshal(text, &m); err != nil {
			return err
		}
		address, available, err := m.due(track, time.Now())
		if err != nil {
			return err
		}
		time.Sleep(time.Until(available.Add(-early)))
		if err := v.segment(w, track, address); err != nil {
			return err
		}
	}
	return nil
}

// segment gets a segment as it grows.
func (v *viewer) segment(w *wire, track, address string) error {
	path := v.stream + address
	res, err := w.get(path, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, res.Status)
	}
	sum := crc32.NewIEEE()
	body := io.TeeReader(res.Body, sum)
	for k := 0; ; {
		var head [8]byte
		switch _, err := io.ReadFull(body, head[:]); {
		case err == io.EOF:
			return v.compare(path, sum.Sum32())
		case err != nil:
			return fmt.Errorf("GET %s: %w", path, err)
		}
		size := int64(binary.BigEndian.Uint32(head[:])) - int64(len(head))
		if _, err := io.CopyN(io.Discard, body, size); err != nil {
			return fmt.Errorf("GET %s: box of %d bytes: %w", path, size, err)
		}
		if string(head[4:]) == "mdat" {
			v.has(moment{chunk, track, fmt.Sprintf("%s, %d", address, k)})
			k++
		}
	}
}

// compare returns an error when others got other bytes.
func (v *viewer) compare(path string, sum uint32) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	first, known := v.sums[path]
	v.sums[path] = sum
	if known && first != sum {
		return fmt.Errorf("GET %s: not what others got", path)
	}
	return nil
}

// A reply is what the edge answered.
type reply struct {
	status int
	fields http.Header
	body   string
}

// get returns the edge's answer to one request.
func (c *cdn) get(t testing.TB, path string, fields map[string]string) reply {
	t.Helper()
	v := &viewer{address: c.address, until: time.Now()}
	w, err := v.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	res, err := w.get(path, fields)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(body)}
}
