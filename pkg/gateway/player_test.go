package gateway_test

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A player looks at a stream that is on air again and again, and complains of
// everything that a player must be able to rely on.
type player struct {
	s      *server
	t      *testing.T
	folder string // "/live/show/"
	lists  map[string]*mediaList
	known  map[string]*resource // by path
	mpd    manifestHistory
}

// A mediaList is what is known of one media playlist.
type mediaList struct {
	sequence, discontinuity uint64
	target                  int
	entries                 map[uint64]entry
	polls                   int
}

// An entry is a segment as it is listed.
type entry struct {
	uri      string
	duration float64
	date     time.Time
	header   string // URI of EXT-X-MAP
}

// A resource is bytes under a URL that must not change.
type resource struct {
	sum   [32]byte
	size  int
	until time.Time // it must be there
}

func newPlayer(t *testing.T, s *server, stream string) *player {
	t.Helper()
	return &player{s: s, t: t, folder: "/" + stream + "/", lists: map[string]*mediaList{}, known: map[string]*resource{}}
}

// look looks at everything once.
func (p *player) look() {
	p.t.Helper()
	for _, form := range []string{"index.m3u8", "ts.m3u8"} {
		for _, uri := range p.multivariant(form) {
			p.mediaPlaylist(p.folder + uri)
		}
	}
	p.manifest()
	for path, known := range p.known {
		if time.Now().Before(known.until) {
			p.fetch(path)
		}
	}
}

var uriAttribute = regexp.MustCompile(`URI="([^"]*)"`)

// multivariant returns the media playlists of a multivariant playlist.
func (p *player) multivariant(form string) []string {
	p.t.Helper()
	text := p.s.get(p.folder + form)
	var uris []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := uriAttribute.FindStringSubmatch(line); m != nil {
			uris = append(uris, m[1])
		} else if line != "" && line[0] != '#' {
			uris = append(uris, line)
		}
	}
	if !strings.HasPrefix(text, "#EXTM3U\n") || len(uris) == 0 {
		p.t.Errorf("%s:\n%s", form, text)
	}
	return uris
}

// mediaPlaylist compares a media playlist with what it was, and fetches what
// is new in it.
func (p *player) mediaPlaylist(at string) {
	p.t.Helper()
	text := p.s.get(at)
	now, err := parseMediaList(text)
	if err != nil {
		p.t.Errorf("%s: %v\n%s", at, err, text)
		return
	}
	before := p.lists[at]
	if before == nil {
		before = &mediaList{sequence: now.sequence, target: now.target, discontinuity: now.discontinuity, entries: map[uint64]entry{}}
		p.lists[at] = before
	}
	if now.sequence < before.sequence || now.discontinuity < before.discontinuity || now.target != before.target {
		p.t.Errorf("%s: sequence %d after %d, discontinuity %d after %d, target %d after %d", at,
			now.sequence, before.sequence, now.discontinuity, before.discontinuity, now.target, before.target)
	}
	before.sequence, before.discontinuity = now.sequence, now.discontinuity
	before.polls++
	var depth float64
	for _, e := range now.entries {
		depth += e.duration
	}
	if depth < float64(3*now.target) && now.sequence > 0 && before.entries[now.sequence-1] != (entry{}) {
		p.t.Errorf("%s: %.3f s are left", at, depth)
	}
	for number, e := range now.entries {
		if old, ok := before.entries[number]; ok && old != e {
			p.t.Errorf("%s: number %d is %+v and was %+v", at, number, e, old)
		}
		if next, ok := now.entries[number+1]; ok {
			if gap := next.date.Sub(e.date).Seconds() - e.duration; math.Abs(gap) > 0.002 {
				p.t.Errorf("%s: number %d ends %.3f s before the next one's date", at, number, gap)
			}
		}
		if math.Round(e.duration) > float64(now.target) {
			p.t.Errorf("%s: %.5f s at a target duration of %d", at, e.duration, now.target)
		}
		before.entries[number] = e
		folder := path.Dir(at) + "/"
		// RFC 8216bis 6.2.2: a removed segment stays for its own duration
		// and that of the longest playlist that had it.
		keep := time.Duration((depth + e.duration) * float64(time.Second))
		p.learn(folder+e.uri, keep)
		if e.header != "" {
			p.learn(folder+e.header, keep)
		}
	}
}

// learn notes that a resource is there, and for how long.
func (p *player) learn(path string, keep time.Duration) {
	p.t.Helper()
	if p.known[path] == nil {
		p.fetch(path)
	}
	if known := p.known[path]; known != nil {
		known.until = time.Now().Add(keep)
	}
}

// fetch gets a resource and compares it with what it was.
func (p *player) fetch(path string) []byte {
	p.t.Helper()
	res, err := p.s.client.Get(p.s.http + path)
	if err != nil {
		p.t.Error(err)
		return nil
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || len(body) == 0 {
		p.t.Errorf("GET %s: %d, %d bytes, %v", path, res.StatusCode, len(body), err)
		return nil
	}
	if !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
		p.t.Errorf("GET %s: Cache-Control %s", path, res.Header.Get("Cache-Control"))
	}
	sum := sha256.Sum256(body)
	if known := p.known[path]; known == nil {
		p.known[path] = &resource{sum: sum, size: len(body)}
	} else if known.sum != sum {
		p.t.Errorf("GET %s: %d bytes, and other ones before", path, len(body))
	}
	return body
}

// parseMediaList reads a media playlist, and returns what is wrong with it by
// itself.
func parseMediaList(text string) (*mediaList, error) {
	l := &mediaList{entries: map[uint64]entry{}}
	var next entry
	var number, discontinuities uint64
	lines := bufio.NewScanner(strings.NewReader(text))
	for first := true; lines.Scan(); first = false {
		line := lines.Text()
		tag, value, _ := strings.Cut(line, ":")
		var err error
		switch {
		case first && line != "#EXTM3U":
			return nil, fmt.Errorf("begins with %q", line)
		case tag == "#EXT-X-TARGETDURATION":
			l.target, err = strconv.Atoi(value)
		case tag == "#EXT-X-MEDIA-SEQUENCE":
			l.sequence, err = strconv.ParseUint(value, 10, 64)
			number = l.sequence
		case tag == "#EXT-X-DISCONTINUITY-SEQUENCE":
			l.discontinuity, err = strconv.ParseUint(value, 10, 64)
		case tag == "#EXT-X-DISCONTINUITY":
			discontinuities++
		case tag == "#EXT-X-MAP":
			next.header = uriAttribute.FindStringSubmatch(line)[1]
		case tag == "#EXT-X-PROGRAM-DATE-TIME":
			next.date, err = time.Parse("2006-01-02T15:04:05.000Z", value)
		case tag == "#EXTINF":
			next.duration, err = strconv.ParseFloat(strings.TrimSuffix(value, ","), 64)
		case line != "" && line[0] != '#':
			next.uri = line
			l.entries[number] = next
			number++
			next = entry{header: next.header}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
	}
	if l.target < 1 || l.sequence == 0 || len(l.entries) == 0 || discontinuities > 0 {
		return nil, fmt.Errorf("target duration %d, media sequence %d, %d segments, %d discontinuities", l.target, l.sequence, len(l.entries), discontinuities)
	}
	return l, nil
}
