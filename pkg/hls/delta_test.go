package hls_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/hls"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// A director makes a presentation go as chance will have it: segments and
// parts of all lengths, segments without parts, gaps, new periods with the
// same headers or others, renditions ahead of each other.
type director struct {
	*studio
	*rand.Rand
	headers  []*live.Header
	sequence uint64
	left     map[media.TrackID]time.Duration // until the growing segment is finished
	next     func()                          // the next step, if that is certain
}

func newDirector(seed uint64) *director {
	r := rand.New(rand.NewPCG(seed, 8216))
	target := time.Duration(1+r.IntN(6)) * time.Second
	part := min(target, time.Duration(100+r.IntN(1100))*time.Millisecond)
	d := &director{
		studio:  newStudio(time.Duration(3+r.IntN(22))*target, live.Targets{Segment: target, Part: part}),
		Rand:    r,
		headers: [][]*live.Header{{hd, lc}, {hd}, {lc}}[r.IntN(3)],
		left:    map[media.TrackID]time.Duration{},
	}
	d.begin(uint64(r.IntN(3)), noon.Add(time.Duration(r.Int64N(int64(time.Second)))), d.headers...)
	d.sequence = d.period.Sequence
	return d
}

// step makes one thing happen that clients may see.
func (d *director) step() {
	if next := d.next; next != nil {
		d.next = nil
		next()
		return
	}
	switch d.IntN(150) {
	case 0:
		d.cutAll()
		d.next = d.change
	case 1:
		d.cutAll()
		d.next = d.silence
	default:
		d.advance()
	}
}

func (d *director) cutAll() {
	for _, h := range d.headers {
		d.finish(h.Track.ID)
		d.left[h.Track.ID] = 0
	}
}

// change starts a new period after a hole of up to a second.
func (d *director) change() {
	if d.IntN(2) == 0 {
		for i, h := range d.headers {
			other := *h
			other.Name = fmt.Sprint(h.Track.ID, d.sequence)
			d.headers[i] = &other
		}
		d.headers = append([]*live.Header(nil), d.headers...)
	}
	d.sequence++
	d.begin(d.sequence, d.now().Add(time.Duration(d.IntN(1000))*time.Millisecond), d.headers...)
}

// silence fills some time with gaps, after which a period begins or not. They may
// be more than an update tells of.
func (d *director) silence() {
	n := 1 + d.IntN(12)
	for _, h := range d.headers {
		for range n {
			d.gap(h.Track.ID, media.TicksOf(d.targets.Segment, h.Track.Timescale))
		}
	}
	if d.IntN(2) == 0 {
		d.change()
	}
}

// advance publishes a part of the rendition that is furthest behind, and ends
// its segment when it is time.
func (d *director) advance() {
	var id media.TrackID
	for _, h := range d.headers {
		if l := d.lines[h.Track.ID]; id.Kind == 0 || l.time().Before(d.lines[id].time()) {
			id = h.Track.ID
		}
	}
	l := d.lines[id]
	if d.left[id] <= 0 {
		d.left[id] = time.Duration(float64(d.targets.Segment) * (0.2 + 0.8*d.Float64()))
	}
	length := min(d.left[id], time.Duration(float64(d.targets.Part)*(0.85+0.15*d.Float64())))
	d.part(id, max(1, media.TicksOf(length, l.header.Track.Timescale)), len(l.growing.Parts) == 0 || d.IntN(8) == 0)
	if d.left[id] -= length; d.left[id] <= 0 {
		if d.IntN(20) == 0 {
			l.growing.Parts = nil
		}
		d.add(id, l.growing.Segment)
	}
}

// A moment is one state of a playlist, and the last time at which a client may
// have got it.
type moment struct {
	until time.Time
	whole string
}

// TestUpdatesMakeTheWholePlaylist merges updates with playlists of earlier
// moments, from the texts alone. "A Client SHOULD NOT request a Playlist Delta
// Update unless it already has a version of the Playlist that is no older than
// one-half of the Skip Boundary", and is held for as long: with such a one the
// merge must succeed. With an older one it may fail, but must not give anything else.
func TestUpdatesMakeTheWholePlaylist(t *testing.T) {
	var merged, failed, skipping int
	for seed := range uint64(30) {
		d := newDirector(seed)
		recent := 6 * d.targets.Segment
		past := map[media.TrackID][]moment{}
		for range 200 {
			d.step()
			s := d.Snapshot()
			for _, h := range d.headers {
				id := h.Track.ID
				whole, update := string(hls.Media(s, id, hls.CMAF).Bytes()), string(hls.MediaDelta(s, id))
				if whole == "" {
					continue
				}
				if n := len(past[id]); n > 0 && past[id][n-1].whole != whole {
					past[id][n-1].until = d.now()
				}
				past[id] = append(past[id], moment{d.now(), whole})
				all := past[id]
				if strings.Contains(update, "#EXT-X-SKIP:") {
					skipping++
				} else if update != whole {
					t.Fatalf("seed %d: neither an update nor the whole playlist", seed)
				}
				for range 3 {
					from := all[max(0, len(all)-1-d.IntN(80))]
					got, err := mergeText(from.whole, update)
					switch {
					case err == nil && got == whole:
						merged++
					case err == nil:
						t.Fatalf("seed %d, %s:\n%s\nmerged with\n%s\n(-want +got):\n%s", seed, id, update, from.whole, cmp.Diff(whole, got))
					case d.now().Sub(from.until) <= recent:
						t.Fatalf("seed %d, %s: %v old: %v\n%s\nmerged with\n%s", seed, id, d.now().Sub(from.until), err, update, from.whole)
					default:
						failed++
					}
				}
			}
		}
	}
	if skipping < 1000 || failed < 10 {
		t.Errorf("chance was not wild enough: %d merged, %d failed, %d updates left something out", merged, failed, skipping)
	}
}

// mergeText brings an older playlist up to date.
func mergeText(older, update string) (string, error) {
	from, err := read(older, nil)
	if err != nil {
		return "", err
	}
	if same := from.text(); same != older {
		return "", fmt.Errorf("read differently:\n%s", cmp.Diff(older, same))
	}
	now, err := read(update, from)
	if err != nil {
		return "", err
	}
	return now.text(), nil
}
