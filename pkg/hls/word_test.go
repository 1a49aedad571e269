package hls_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/hls"
	"sluice/pkg/media"
)

// TestPlaylistsKeepTheirWord compares each playlist with the one before it:
// "the server MUST NOT change the Media Playlist file, except to" append to it
// and to remove from its front (RFC 8216bis 6.2.1), and checks what the tags of
// parts promise (4.4.4.9, 6.2.2).
func TestPlaylistsKeepTheirWord(t *testing.T) {
	for seed := range uint64(20) {
		d := newDirector(1000 + seed)
		before := map[media.TrackID]*copied{}
		for range 200 {
			d.step()
			for _, h := range d.headers {
				id := h.Track.ID
				text := string(hls.Media(d.Snapshot(), id, hls.CMAF).Bytes())
				if text == "" {
					continue
				}
				now, err := read(text, nil)
				if err == nil {
					err = now.check(d.targets.Segment.Seconds(), d.targets.Part.Seconds())
				}
				if err == nil && before[id] != nil {
					err = now.follows(before[id])
				}
				if err != nil {
					t.Fatalf("seed %d, %s: %v\n%s", seed, id, err, text)
				}
				before[id] = now
			}
		}
	}
}

var durations = regexp.MustCompile(`^#(EXTINF|EXT-X-PART):(?:DURATION=)?(\d+)\.(\d{5}),`)

// lengths returns the duration of a segment, and those of its parts, in units
// of their last digit. A segment that grows is as long as its parts.
func (s *copiedSegment) lengths() (whole int, parts []int) {
	for _, line := range s.lines {
		m := durations.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[2] + m[3])
		if m[1] == "EXTINF" {
			return n, parts
		}
		parts = append(parts, n)
		whole += n
	}
	return whole, parts
}

// check checks one playlist. Targets are in seconds.
func (c *copied) check(target, partTarget float64) error {
	end, parted := 0, 0 // the distance from the end of the playlist; how many segments have parts
	for _, s := range slices.Backward(c.segments) {
		whole, parts := s.lengths()
		end += whole
		if len(parts) > 0 {
			parted++
		}
		sum := 0
		for _, p := range parts {
			sum += p
			if float64(p) > math.Ceil(partTarget*1e5) {
				return fmt.Errorf("a part of %d is longer than the target %v", p, partTarget)
			}
		}
		switch {
		case len(parts) > 0 && sum != whole:
			return fmt.Errorf("the parts of segment %d make %d, not %d", s.number, sum, whole)
		case len(parts) > 0 && float64(end) > 3*target*1e5:
			return fmt.Errorf("segment %d has parts that are %d from the end", s.number, end)
		case parted > 3:
			return fmt.Errorf("segment %d has parts, and three after it", s.number)
		case math.Round(float64(whole)/1e5) > target:
			return fmt.Errorf("segment %d lasts %d", s.number, whole)
		case !strings.HasPrefix(s.lines[0], "#EXT-X-PROGRAM-DATE-TIME:") || s.header == "":
			return fmt.Errorf("segment %d has no date or no header", s.number)
		}
	}
	return nil
}

// follows checks that a playlist may come after an earlier one.
func (c *copied) follows(earlier *copied) error {
	if c.segments[0].number < earlier.segments[0].number {
		return fmt.Errorf("EXT-X-MEDIA-SEQUENCE %d after %d", c.segments[0].number, earlier.segments[0].number)
	}
	for i := range earlier.segments {
		was := &earlier.segments[i]
		is := c.find(was.number)
		if is == nil && was.number >= c.segments[0].number {
			return fmt.Errorf("segment %d is gone", was.number)
		}
		if is == nil {
			continue
		}
		if is.header != was.header || is.discontinuity != was.discontinuity {
			return fmt.Errorf("segment %d has another header or discontinuity sequence", was.number)
		}
		_, had := was.lengths()
		_, has := is.lengths()
		same, from := was.lines, is.lines
		if len(has) == 0 && len(had) > 0 { // its parts were removed
			isPart := func(line string) bool { return strings.HasPrefix(line, "#EXT-X-PART:") }
			same = slices.DeleteFunc(slices.Clone(same), isPart)
		}
		if len(from) < len(same) || !slices.Equal(same, from[:len(same)]) {
			return fmt.Errorf("segment %d was %q", was.number, was.lines)
		}
	}
	return nil
}

// TestWhatIsKeptIsWhatIsWritten compares playlists, of which lines are kept for the next one,
// with those of the same states that nobody asked for before.
func TestWhatIsKeptIsWhatIsWritten(t *testing.T) {
	for seed := range uint64(10) {
		d := newDirector(seed)
		for n := range 200 {
			d.step()
			kept := d.texts()
			if n%10 < 9 {
				continue
			}
			fresh := newDirector(seed)
			for range n + 1 {
				fresh.step()
			}
			if diff := cmp.Diff(fresh.texts(), kept); diff != "" {
				t.Fatalf("seed %d, step %d: what is kept differs (-written +kept):\n%s", seed, n, diff)
			}
		}
	}
}

// texts returns all media playlists.
func (d *director) texts() map[string]string {
	all := make(map[string]string)
	for _, h := range d.headers {
		for _, form := range []hls.Form{hls.CMAF, hls.TS} {
			all[fmt.Sprint(h.Track.ID, form)] = string(hls.Media(d.Snapshot(), h.Track.ID, form).Bytes())
		}
	}
	return all
}
