package check

import (
	"testing"
	"testing/synctest"
	"time"
)

// texts returns what a sound server says, as seeds.
func texts(f *testing.F, from func(*imitation) []string) {
	f.Helper()
	o := newImitation()
	for _, text := range from(o) {
		f.Add([]byte(text))
	}
}

// quiet is a sink for faults that nobody reads, but of which none may be
// unknown.
func quiet(t *testing.T) sink {
	known := make(map[string]bool)
	for _, r := range Rules() {
		known[r.Name] = true
	}
	return func(f fault) {
		if !known[f.rule] || len(f.detail) > 5*maxDetail {
			t.Errorf("%s: %q", f.rule, f.detail)
		}
	}
}

func FuzzPlaylist(f *testing.F) {
	texts(f, func(o *imitation) []string {
		t, parts := o.tracks[0], o.parts()
		return []string{
			o.playlist(t, parts, true, false), o.playlist(t, parts, true, true), o.playlist(t, parts, false, false), o.multivariant("index.m3u8"),
			"", "#EXTM3U\n#EXT-X-MAP:URI=\"", "#EXTM3U\n#EXTINF:18446744073709551615,\n#EXT-X-BYTERANGE:1@9223372036854775807\na.ts\n",
			"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n#EXT-X-SKIP:SKIPPED-SEGMENTS=18446744073709551615\n#EXTINF:1,\na\n#EXT-X-START:TIME-OFFSET=-4000000000\n",
			"#EXTM3U\n#EXT-X-DATERANGE:ID=\"x\"\n#EXT-X-PART:URI=\"a\",DURATION=.5,BYTERANGE=\"1@-1\"\n#EXT-X-PRELOAD-HINT:TYPE=PART\n",
		}
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		n := quiet(t).at("http://origin.example/v0/index.m3u8")
		lines := readLines(data, n)
		if isMultivariant(lines) {
			readMultivariant(lines, n)
		}
		p := readPlaylist(n.url, lines, n)
		judgePlaylist(p, lines, n)
		h := newHistory()
		h.add(p, time.Time{}, n)
		if whole := merge(p, p); whole != nil {
			h.add(whole, time.Time{}, n)
		}
		p.edge()
		p.segment(p.sequence)
	})
}

func FuzzMPD(f *testing.F) {
	texts(f, func(o *imitation) []string {
		return []string{
			o.mpd(), o.lowLatencyMPD(), "", "<MPD", "<MPD><Period><AdaptationSet><SegmentTemplate/><Representation/></AdaptationSet></Period></MPD>",
			`<MPD type="dynamic"><Period start="P9999Y" duration="PT9999999999S"><AdaptationSet><SegmentTemplate timescale="4294967295" duration="18446744073709551615" media="$Number%020d$"/><Representation/></AdaptationSet></Period></MPD>`,
			`<MPD type="dynamic"><Period><AdaptationSet><SegmentTemplate media="$Time$"><SegmentTimeline><S t="9223372036854775807" d="1" r="-1"/><S t="1" d="1" r="99999999999"/></SegmentTimeline></SegmentTemplate><Representation/></AdaptationSet></Period></MPD>`,
		}
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		n := quiet(t).at("http://origin.example/index.mpd")
		m := readMPD(n.url, data, n)
		if m == nil {
			return
		}
		now := time.Unix(946684800, 0)
		judgeMPD(m, now, n)
		judgeUpdate(m, m, time.Now(), n)
		for _, s := range m.streams {
			l, ok := s.at(now)
			if _, err := s.url(l); ok && err == nil {
				s.find(l.number)
			}
			s.key()
		}
	})
}

func FuzzBoxes(f *testing.F) {
	o := newImitation()
	for _, t := range o.tracks {
		h := o.headerOf(t)
		f.Add(h, append(o.bytesOf(t, o.parts()), o.bytesOf(t, o.parts()+1)...))
	}
	f.Add([]byte{}, []byte{0, 0, 0, 1, 'm', 'o', 'o', 'f', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add(o.headerOf(o.tracks[0]), full("moof", -1, 0, full("traf", -1, 0, full("trun", 0, 0, u32(0xffffffff)))))
	f.Fuzz(func(t *testing.T, head, data []byte) {
		n := quiet(t).at("http://origin.example/v0/1.m4s")
		h, err := readHeader(head)
		if err != nil {
			h = &header{}
		}
		judgeHeader(h, n)
		chunks, _ := readChunks(data, h)
		end := 0
		for _, c := range chunks {
			if c.offset < end || c.size <= 0 || c.offset+c.size > len(data) {
				t.Fatalf("a chunk of %d bytes at %d of %d", c.size, c.offset, len(data))
			}
			end = c.offset + c.size
		}
		var th thread
		th.judgeChunks(chunks, h, n)
		startsSync(chunks)
		judgeTransport(data, n)
	})
}

// The texts that the fuzz targets start from break no rule.
func TestSeedsAreSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newImitation()
		n := sink(func(f fault) { t.Errorf("%+v", f) }).at("http://origin.example/v0/index.m3u8")
		lines := readLines([]byte(o.playlist(o.tracks[0], o.parts(), true, false)), n)
		judgePlaylist(readPlaylist(n.url, lines, n), lines, n)
		judgeMPD(readMPD(n.url, []byte(o.mpd()), n), time.Now(), n)
		judgeMPD(readMPD(n.url, []byte(o.lowLatencyMPD()), n), time.Now(), n)
	})
}
