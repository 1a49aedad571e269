package check

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/pkg/check/checktest"
)

// Lengths of what the imitation makes.
const (
	segmentTime = 2 * time.Second
	partTime    = 200 * time.Millisecond
	perSegment  = int(segmentTime / partTime)
)

// An imitation is a sound server of all four kinds, computed from the clock:
// at any instant it has the media of the past. Media time is Unix time. What a
// test sets makes it unsound.
type imitation struct {
	begun   time.Time
	listed  int // segments in a playlist
	tracks  []*imitated
	endedAt time.Time // when the stream ends, zero for never

	edit   func(path, text string) string                          // of any text
	chunk  func(t *imitated, k int, c *imitatedChunk)              // of any chunk
	header func(t *imitated, h *imitatedHeader)                    // of any header
	serve  func(w http.ResponseWriter, r *http.Request) bool       // answers instead, when it returns true
	head   func(h http.Header, path string)                        // of any answer
	grow   func(w http.ResponseWriter, r *http.Request, k int)     // sends the growing segment whose first part is k
	hint   func(w http.ResponseWriter, r *http.Request, k int)     // sends a part before it is there
	block  func(r *http.Request, until time.Time) (time.Time, int) // when to answer a blocked request, and with which status
}

type imitated struct {
	name      string
	timescale uint64
	frame     uint64 // duration of a sample
	behind    int    // parts that come later than their time
}

func newImitation() *imitation {
	return &imitation{
		begun: time.Now().Add(-time.Minute), listed: 12,
		tracks: []*imitated{{name: "v0", timescale: 90000, frame: 3600}, {name: "a0", timescale: 48000, frame: 960}},
	}
}

// parts returns how many parts there are, counted from the Unix epoch.
func (o *imitation) parts() int {
	now := time.Now()
	if !o.endedAt.IsZero() && now.After(o.endedAt) {
		now = o.endedAt
	}
	return int(now.UnixMilli() / partTime.Milliseconds())
}

// partsOf returns how many parts of a track there are.
func (o *imitation) partsOf(t *imitated) int { return o.parts() - t.behind }

func (o *imitation) ended() bool { return !o.endedAt.IsZero() && !time.Now().Before(o.endedAt) }

// partEnd returns when part k is complete.
func partEnd(k int) time.Time { return time.UnixMilli(int64(k+1) * partTime.Milliseconds()) }

// until waits for an instant.
func until(ctx context.Context, at time.Time) {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (o *imitation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Headers", "Range")
	h.Set("Access-Control-Expose-Headers", "Date")
	h.Set("Cache-Control", "max-age=1")
	if o.head != nil {
		defer o.head(h, r.URL.Path)
		o.head(h, r.URL.Path)
	}
	if o.serve != nil && o.serve(w, r) {
		return
	}
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	folder, file := path.Split(strings.TrimPrefix(r.URL.Path, "/"))
	track := strings.TrimSuffix(folder, "/")
	index := slices.IndexFunc(o.tracks, func(t *imitated) bool { return t.name == track })
	switch {
	case r.URL.Path == "/time":
		h.Set("Cache-Control", "no-store")
		fmt.Fprint(w, time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
	case folder == "" && strings.HasSuffix(file, ".m3u8"):
		o.text(w, r, o.multivariant(file))
	case r.URL.Path == "/index.mpd":
		o.text(w, r, o.mpd())
	case r.URL.Path == "/ll.mpd":
		o.text(w, r, o.lowLatencyMPD())
	case index < 0:
		http.NotFound(w, r)
	case file == "plain.m3u8":
		o.text(w, r, o.playlist(o.tracks[index], o.partsOf(o.tracks[index]), false, false))
	case file == "index.m3u8":
		o.blocking(w, r, o.tracks[index])
	default:
		o.media(w, r, o.tracks[index], file)
	}
}

// text sends a playlist or MPD.
func (o *imitation) text(w http.ResponseWriter, r *http.Request, text string) {
	if o.edit != nil {
		text = o.edit(r.URL.Path, text)
	}
	h := w.Header()
	if path.Ext(r.URL.Path) == ".mpd" {
		h.Set("Content-Type", "application/dash+xml")
	} else {
		h.Set("Content-Type", "application/vnd.apple.mpegurl")
	}
	body := []byte(text)
	h.Add("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = compressed(text)
	}
	if o.head != nil {
		o.head(h, r.URL.Path)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

func compressed(text string) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.Bytes()
}

// blocking answers a request for a media playlist.
func (o *imitation) blocking(w http.ResponseWriter, r *http.Request, t *imitated) {
	q := r.URL.Query()
	skip := q.Get("_HLS_skip") != ""
	if !q.Has("_HLS_msn") {
		if q.Has("_HLS_part") {
			http.Error(w, "no _HLS_msn", http.StatusBadRequest)
			return
		}
		o.text(w, r, o.playlist(t, o.partsOf(t), true, skip && !o.ended()))
		return
	}
	msn, err := strconv.Atoi(q.Get("_HLS_msn"))
	k := (msn+1)*perSegment - 1
	if q.Has("_HLS_part") {
		part, e := strconv.Atoi(q.Get("_HLS_part"))
		k = msn*perSegment + part
		err = errors.Join(err, e)
	}
	if err != nil || msn < 0 || msn > o.parts()/perSegment+2 {
		http.Error(w, "no such segment", http.StatusBadRequest)
		return
	}
	at, status := partEnd(k+t.behind), http.StatusOK
	if o.block != nil {
		at, status = o.block(r, at)
	}
	if !o.ended() {
		until(r.Context(), at)
	}
	if status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Cache-Control", "max-age=12")
	o.text(w, r, o.playlist(t, o.partsOf(t), true, skip && !o.ended()))
}

// playlist writes a media playlist when so many parts are there.
func (o *imitation) playlist(t *imitated, parts int, low, skip bool) string {
	var b strings.Builder
	last := parts / perSegment // the segment that is being made
	first := last - o.listed
	version := 6
	if low {
		version = 9
	}
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:2\n", version)
	if low {
		fmt.Fprintf(&b, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,PART-HOLD-BACK=0.6\n#EXT-X-PART-INF:PART-TARGET=0.2\n")
	}
	fmt.Fprintf(&b, "#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:7\n", first)
	if skip {
		n := o.listed - 6
		fmt.Fprintf(&b, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%d\n", n)
		first += n
	} else {
		b.WriteString("#EXT-X-MAP:URI=\"init.mp4\"\n")
	}
	for msn := first; msn <= last; msn++ {
		if msn == last && (!low || parts%perSegment == 0) {
			break
		}
		fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", time.UnixMilli(int64(msn)*segmentTime.Milliseconds()).UTC().Format("2006-01-02T15:04:05.000Z"))
		for k := msn * perSegment; low && msn >= last-2 && k < (msn+1)*perSegment && k < parts; k++ {
			independent := ""
			if t.name == "a0" || k%perSegment == 0 {
				independent = ",INDEPENDENT=YES"
			}
			fmt.Fprintf(&b, "#EXT-X-PART:DURATION=0.20000,URI=\"p%d.m4s\"%s\n", k, independent)
		}
		if msn < last {
			fmt.Fprintf(&b, "#EXTINF:2.00000,\ns%d.m4s\n", msn)
		}
	}
	if o.ended() {
		b.WriteString("#EXT-X-ENDLIST\n")
		return b.String()
	}
	if !low {
		return b.String()
	}
	fmt.Fprintf(&b, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p%d.m4s\"\n", parts)
	for _, other := range o.tracks {
		if other != t {
			last := o.partsOf(other) - 1
			fmt.Fprintf(&b, "#EXT-X-RENDITION-REPORT:URI=\"../%s/index.m3u8\",LAST-MSN=%d,LAST-PART=%d\n", other.name, last/perSegment, last%perSegment)
		}
	}
	return b.String()
}

// multivariant writes the playlist that lists media playlists called file.
func (o *imitation) multivariant(file string) string {
	return "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n" +
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a0/" + file + "\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=400000,AVERAGE-BANDWIDTH=300000,CODECS=\"avc1.64001E,mp4a.40.2\",RESOLUTION=640x360,FRAME-RATE=25.000,AUDIO=\"audio\"\nv0/" + file + "\n"
}

// media sends a header, segment or part.
func (o *imitation) media(w http.ResponseWriter, r *http.Request, t *imitated, file string) {
	w.Header().Set("Content-Type", map[string]string{"v0": "video/mp4", "a0": "audio/mp4"}[t.name])
	var body []byte
	number, err := strconv.Atoi(strings.TrimSuffix(file[1:], ".m4s"))
	parts := o.partsOf(t)
	switch {
	case file == "init.mp4":
		body = o.headerOf(t)
	case err != nil:
		http.NotFound(w, r)
		return
	case file[0] == 't': // by time
		number /= int(uint64(segmentTime.Seconds()) * t.timescale)
		fallthrough
	case file[0] == 's', file[0] == 'n' && (number+1)*perSegment <= parts:
		if (number+1)*perSegment > parts || number*perSegment < parts-600 {
			http.NotFound(w, r)
			return
		}
		for k := number * perSegment; k < (number+1)*perSegment; k++ {
			body = append(body, o.bytesOf(t, k)...)
		}
	case file[0] == 'n' && number*perSegment <= parts: // or held for a part
		o.growing(w, r, t, number*perSegment)
		return
	case file[0] == 'p' && number == parts && !o.ended():
		if o.hint != nil {
			o.hint(w, r, number)
			return
		}
		until(r.Context(), partEnd(number+t.behind))
		fallthrough
	case file[0] == 'p' && number < parts && number > parts-600:
		body = o.bytesOf(t, number)
	default:
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "max-age=3600, immutable")
	h.Set("Etag", `"`+file+`"`)
	if o.head != nil {
		o.head(h, r.URL.Path)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// growing sends a segment as it is made.
func (o *imitation) growing(w http.ResponseWriter, r *http.Request, t *imitated, k int) {
	w.Header().Set("Cache-Control", "max-age=3600, immutable")
	if o.head != nil {
		o.head(w.Header(), r.URL.Path)
	}
	if o.grow != nil {
		o.grow(w, r, k)
		return
	}
	o.chunks(w, r, t, k)
}

// chunks sends the growing segment whose first part is k.
func (o *imitation) chunks(w http.ResponseWriter, r *http.Request, t *imitated, k int) {
	for i := range perSegment {
		until(r.Context(), partEnd(k+i))
		if _, err := w.Write(o.bytesOf(t, k+i)); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
	}
}

// mpd writes the manifest of complete segments.
func (o *imitation) mpd() string {
	last := o.parts() / perSegment // the first that is not complete
	published := time.UnixMilli(int64(last) * segmentTime.Milliseconds()).UTC().Format("2006-01-02T15:04:05.000Z")
	head := fmt.Sprintf(`type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" publishTime=%q minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT24S" suggestedPresentationDelay="PT6S" maxSegmentDuration="PT2.1S"`, published)
	template := func(t *imitated) string {
		d := uint64(segmentTime.Seconds()) * t.timescale
		return fmt.Sprintf("<SegmentTemplate timescale=\"%d\" initialization=\"%s/init.mp4\" media=\"%s/t$Time$.m4s\">\n<SegmentTimeline>\n<S t=\"%d\" d=\"%d\" r=\"%d\"/>\n</SegmentTimeline>\n</SegmentTemplate>",
			t.timescale, t.name, t.name, uint64(last-o.listed)*d, d, o.listed-1)
	}
	return o.manifest("urn:mpeg:dash:profile:isoff-live:2011", head, "", "", template)
}

// lowLatencyMPD writes the manifest of growing segments.
func (o *imitation) lowLatencyMPD() string {
	head := fmt.Sprintf(`type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z" publishTime=%q minimumUpdatePeriod="PT1S" timeShiftBufferDepth="PT24S" maxSegmentDuration="PT2.1S"`,
		o.begun.UTC().Format("2006-01-02T15:04:05.000Z"))
	template := func(t *imitated) string {
		return fmt.Sprintf("<SegmentTemplate timescale=\"%d\" duration=\"%d\" startNumber=\"0\" availabilityTimeOffset=\"1.8\" availabilityTimeComplete=\"false\" initialization=\"%s/init.mp4\" media=\"%s/n$Number$.m4s\"/>",
			t.timescale, 2*t.timescale, t.name, t.name)
	}
	return o.manifest("urn:mpeg:dash:profile:isoff-live:2011,http://www.dashif.org/guidelines/low-latency-live-v5", head,
		"<ServiceDescription id=\"0\"><Latency target=\"1500\" min=\"500\" max=\"6000\" referenceId=\"1\"/><PlaybackRate min=\"0.96\" max=\"1.04\"/></ServiceDescription>\n",
		"<ProducerReferenceTime id=\"ID\" inband=\"true\" type=\"encoder\" wallClockTime=\"1970-01-01T00:00:00Z\" presentationTime=\"0\"><UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-xsdate:2014\" value=\"time\"/></ProducerReferenceTime>\n<Resync type=\"0\" dT=\"1000000\"/>\n",
		template)
}

func (o *imitation) manifest(profiles, head, service, producer string, template func(*imitated) string) string {
	v, a := o.tracks[0], o.tracks[1]
	return "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"" + profiles + "\" minBufferTime=\"PT2S\" " + head + ">\n" + service +
		"<Period id=\"p0\" start=\"PT0S\">\n" +
		"<AdaptationSet id=\"1\" contentType=\"video\" mimeType=\"video/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\">\n" + strings.ReplaceAll(producer, "ID", "1") +
		template(v) + "\n<Representation id=\"v0\" codecs=\"avc1.64001E\" bandwidth=\"300000\" width=\"640\" height=\"360\" frameRate=\"25\"/>\n</AdaptationSet>\n" +
		"<AdaptationSet id=\"2\" contentType=\"audio\" mimeType=\"audio/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\">\n" + strings.ReplaceAll(producer, "ID", "2") +
		"<AudioChannelConfiguration schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"2\"/>\n" +
		template(a) + "\n<Representation id=\"a0\" codecs=\"mp4a.40.2\" bandwidth=\"100000\" audioSamplingRate=\"48000\"/>\n</AdaptationSet>\n</Period>\n" +
		"<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-xsdate:2014\" value=\"time\"/>\n</MPD>\n"
}

// watchImitation watches an address of an imitation for some seconds of a fake clock.
func watchImitation(t *testing.T, address string, d time.Duration, set func(*imitation)) (report *Report, err error) {
	t.Helper()
	return watchWith(t, address, Options{Duration: d}, set)
}

func watchWith(t *testing.T, address string, options Options, set func(*imitation)) (report *Report, err error) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		o := newImitation()
		if set != nil {
			set(o)
		}
		checktest.Serve(o, func(transport http.RoundTripper) {
			options.Transport = transport
			report, err = Run(context.Background(), "http://origin.example"+address, options)
		})
	})
	return report, err
}
