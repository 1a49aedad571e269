package dash_test

import (
	"regexp"
	"testing"
	"time"

	"sluice/pkg/dash"
	"sluice/pkg/live"
	"sluice/pkg/media"
)

var (
	suggested = regexp.MustCompile(`suggestedPresentationDelay="(PT[\d.]+S)"`)
	target    = regexp.MustCompile(`target="(\d+)" min="(\d+)" max="(\d+)"`)
	depth     = regexp.MustCompile(`timeShiftBufferDepth="(PT[\d.]+S)"`)
)

// TestPlayersBeginWhereMediaAre has players come at any time of a show with interruptions.
// dash.js stays for good where there are no media.
func TestPlayersBeginWhereMediaAre(t *testing.T) {
	looks := map[string]int{}
	look := func(s *live.Snapshot) {
		for name, text := range map[string][]byte{"complete": dash.MPD(s, "").Bytes(), "growing": dash.LowLatency(s, "").Bytes()} {
			if text == nil {
				continue
			}
			deep := seconds(t, string(depth.FindSubmatch(text)[1]))
			behind := 0.0
			if name == "complete" {
				behind = seconds(t, string(suggested.FindSubmatch(text)[1]))
			} else {
				latency := target.FindSubmatch(text)
				behind = seconds(t, string(latency[1])) / 1000
				if least, most := seconds(t, string(latency[2]))/1000, seconds(t, string(latency[3]))/1000; least > behind || most < behind {
					t.Errorf("%v: target %v in %v to %v", s.Published, behind, least, most)
				}
			}
			at := s.Published.Add(-time.Duration(behind * float64(time.Second)))
			if first := time.Unix(0, int64(seconds(t, parse(t, text).Periods[0].Start)*1e9)); at.Before(first) {
				at = first // there is no Period to begin in before
			}
			if young := at.Before(noon.Add(7 * time.Second)); !young && !playable(s, at) {
				t.Errorf("%s at %v: begins at %v, where nothing is, %.3f s behind", name, s.Published, at, behind)
			}
			if behind >= deep {
				t.Errorf("%s at %v: begins %v s behind, and may go %v s", name, s.Published, behind, deep)
			}
			looks[name]++
		}
	}
	s := on(hd, lc)
	s.Resize(30*time.Second, noon)
	at := 0.451
	for _, pause := range []float64{0.3, 3, 7, 20} {
		s.film(look, 60, 60, 60, 60, 60, 60)
		at += 6 * 60 * 1001.0 / 30000
		s.Hush(s.Snapshot().Published.Add(time.Millisecond))
		for away := 0.0; away < pause; away += 0.5 {
			s.Stay(noon.Add(time.Duration((at + away) * float64(time.Second))).Add(2 * time.Millisecond))
			look(s.Snapshot())
		}
		at += pause
		s.again(at, hd, lc)
	}
	s.film(look, 60, 60, 60)
	if looks["complete"] < 100 || looks["growing"] < 100 {
		t.Error(looks)
	}
}

// playable reports whether all renditions have media at a time, or may get them.
func playable(s *live.Snapshot, at time.Time) bool {
	for _, r := range s.Renditions {
		found := false
		segments := r.Segments
		if r.Growing != nil {
			segments = append(segments[:len(segments):len(segments)], r.Growing.Segment)
		}
		for i, seg := range segments {
			begin, end := seg.Start.Time(seg.Timescale()), seg.End().Time(seg.Timescale())
			if i == len(segments)-1 && !s.Away {
				end = end.Add(s.Targets.Segment)
			}
			found = found || !seg.Gap && !at.Before(begin.Add(-50*time.Millisecond)) && !at.After(end)
		}
		if !found {
			return false
		}
	}
	return true
}

// TestTracksMayGoWithoutDelay has one of two qualities go. When the next period begins, of which manifests do not
// tell yet, who comes begins as far behind as always: nothing is missing of the other one.
func TestTracksMayGoWithoutDelay(t *testing.T) {
	s := on(hd, low, lc).film(unseen, 60, 60, 60)
	delays := func() [2]string {
		snapshot := s.Snapshot()
		return [2]string{
			string(target.FindSubmatch(dash.LowLatency(snapshot, "").Bytes())[0]),
			string(suggested.FindSubmatch(dash.MPD(snapshot, "").Bytes())[0]),
		}
	}
	usual := delays()
	for _, h := range s.period.Headers {
		seg := s.next(h)
		seg.Duration = media.TicksOf(2002*time.Millisecond, h.Track.Timescale)
		if h == low {
			seg.Duration /= 4
		}
		s.Add(h.Track.ID, seg, targets, noon.Add(8459*time.Millisecond))
	}
	s.number++
	s.Leave(low.Track.ID, 0)
	s.begin(1, 8.459, hd, lc).open(hd)
	if got := delays(); got != usual {
		t.Errorf("%q, and before %q", got, usual)
	}
}
