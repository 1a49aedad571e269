package stream_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/pkg/codec"
	"sluice/pkg/dash"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/scroll"
	"sluice/pkg/store"
	"sluice/pkg/stream"
)

// known returns a track as its configuration describes it.
func known(t testing.TB, track media.Track) media.Track {
	t.Helper()
	if track.Codec == media.AAC {
		c, err := codec.ParseAAC(track.Config)
		if err != nil {
			t.Fatal(err)
		}
		return c.Track(track.ID)
	}
	c, err := codec.ParseAVC(track.Config)
	if err != nil {
		t.Fatal(err)
	}
	return c.Track(track.ID)
}

func (r *rig) publishKnown(tracks ...media.Track) {
	r.t.Helper()
	for i := range tracks {
		tracks[i] = known(r.t, tracks[i])
	}
	r.publish(tracks...)
}

// kill has the process die, and another one start after a while with what is in the
// store.
func (r *rig) kill(after time.Duration, changes ...func(*stream.Config)) (*rig, stream.Recovered) {
	r.t.Helper()
	next := newRig(r.t, changes...)
	next.disk = r.disk
	next.registry = next.newRegistry(next.config)
	next.now, next.frames = r.now.Add(after), r.frames
	found, err := next.registry.Recover()
	if err != nil {
		r.t.Fatal(err)
	}
	return next, found
}

// collect removes the segments whose time has come.
func (r *rig) collect() {
	r.t.Helper()
	for name, at := range r.calendar {
		if at.After(r.now) {
			continue
		}
		if err := r.disk.Remove(name); err != nil {
			r.t.Fatal(err)
		}
		delete(r.calendar, name)
	}
}

// text returns all that viewers see of finished segments.
func text(s *live.Snapshot) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v ended %v\n", s.Targets, s.Ended)
	for _, r := range s.Renditions {
		fmt.Fprintf(&b, "%v: %v, %d and %d b/s\n", r.ID, r.Depth, r.Bandwidth, r.Average)
		var period *live.Period
		for _, seg := range r.Segments {
			if seg.Period != period {
				period = seg.Period
				fmt.Fprintf(&b, " period %d %v\n", period.Sequence, period.Start.UnixNano())
				for _, h := range period.Headers {
					fmt.Fprintf(&b, "  %s %x %+v\n", h.Name, h.Data, h.Track)
				}
			}
			fmt.Fprintf(&b, "  #%d %s %s %d+%d+%d", seg.Number, seg.Header.Name, seg.Name, seg.Start, seg.Duration, seg.Offset)
			if seg.Gap {
				fmt.Fprintln(&b, " gap")
				continue
			}
			fmt.Fprintf(&b, " %d bytes %d frames %v %+v\n", seg.Size, seg.Frames, seg.Independent, seg.Parts)
		}
	}
	for _, g := range s.Grids {
		fmt.Fprintf(&b, "grid of %d: %d %d %d\n", g.Period.Sequence, g.Number, g.Start, g.Length)
	}
	return b.String()
}

// wantText compares two snapshots.
func wantText(t *testing.T, got, want *live.Snapshot) {
	t.Helper()
	g, w := strings.Split(text(got), "\n"), strings.Split(text(want), "\n")
	for i := range max(len(g), len(w)) {
		a, b := "", ""
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Fatalf("line %d of %d:\n%s\nwant\n%s", i, len(w), a, b)
		}
	}
}

// TestRecover has the process die while nobody publishes: all that was listed is
// listed again, and goes on as if nothing had happened.
func TestRecover(t *testing.T) {
	both := source{fps: 25, gop: 50, rate: 48000}
	cases := []struct {
		name string
		run  func(r *rig)
	}{
		{"one publisher", func(r *rig) {
			r.publishKnown(video(1), audio(48000))
			r.play(both, 0, 5000)
			r.close()
		}},
		{"audio alone", func(r *rig) {
			r.publishKnown(audio(22050))
			r.play(source{rate: 22050}, 0, 7000)
			r.close()
		}},
		{"longer than the window", func(r *rig) {
			r.publishKnown(video(1), audio(48000))
			r.play(both, 0, 95000)
			r.close()
		}},
		{"what left the window is gone", func(r *rig) {
			r.publishKnown(video(1), audio(48000))
			r.play(source{fps: 30, gop: 70, rate: 48000}, 0, 95000)
			r.close()
			for name := range r.calendar {
				_ = r.disk.Remove(name)
			}
		}},
		{"what left the window is gone, but for the oldest", func(r *rig) {
			r.publishKnown(video(1), audio(48000))
			r.play(both, 0, 95000)
			r.close()
			names := slices.Sorted(maps.Keys(r.calendar)) // those of audio, and then those of video
			for i, name := range names {
				if i > 3 && i < len(names)/2 || i > len(names)/2+3 {
					_ = r.disk.Remove(name)
				}
			}
		}},
		{"irregular groups", func(r *rig) {
			r.publishKnown(video(1), audio(8000))
			r.play(source{fps: 25, gop: 57, rate: 8000}, 0, 31000)
			r.close()
		}},
		{"two publishers with other headers and a gap", func(r *rig) {
			r.publishKnown(video(1), audio(48000))
			r.play(both, 0, 5000)
			r.close()
			r.publishKnown(video(2), audio(22050))
			r.play(source{fps: 25, gop: 50, rate: 22050}, 12000, 17000)
			r.close()
		}},
		{"audio falls silent and the disk is full for a while", func(r *rig) {
			r.publishKnown(video(1), audio(48000))
			r.play(both, 0, 5000)
			r.play(source{fps: 25, gop: 50}, 5000, 9000)
			r.disk.full = true
			r.play(both, 9000, 13000)
			r.disk.full = false
			r.play(both, 13000, 19000)
			r.close()
		}},
		{"away for longer than the window", func(r *rig) {
			r.publishKnown(video(1), audio(48000))
			r.play(both, 0, 5000)
			r.close()
			r.at(50000)
			r.publishKnown(video(1), audio(48000))
			r.play(both, 50000, 55000)
			r.close()
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, lingering)
			c.run(r)
			before := r.snapshot()
			after, found := r.kill(3*time.Second, lingering)
			if s := after.snapshot(); !s.Away {
				t.Error("somebody publishes")
			}
			wantText(t, after.snapshot(), before)
			if want := len(r.disk.puts); found.Streams != 1 || found.Segments > want || found.Torn+found.Left+found.Foreign > 0 {
				t.Errorf("found %+v of %d", found, want)
			}
			after.observe()
			ms := int(after.now.Sub(noon).Milliseconds()) + 2000
			after.at(ms)
			after.publishKnown(video(1), audio(48000))
			after.play(both, ms, ms+5000)
			after.close()
			after.verifyListed(r)
			after.verifyHoles()
			t.Log(after.shape(v0))
			again, _ := after.kill(time.Second, lingering)
			wantText(t, again.snapshot(), after.snapshot())
		})
	}
}

// verifyListed is verify for what is in the store still, after an earlier rig.
func (r *rig) verifyListed(earlier *rig) {
	r.t.Helper()
	first := r.firstMedia()
	for id, all := range r.listed {
		var there []live.Segment
		for i, seg := range all {
			if i > 0 {
				r.verifyPair(id, all[i-1], seg, first)
			}
			if old := earlier.listed[id]; len(old) > 0 && !seg.Gap && slices.ContainsFunc(old, func(o live.Segment) bool {
				return o.Number == seg.Number && o.Name != seg.Name
			}) {
				r.t.Errorf("%v: %s was another one", id, describe(seg))
			}
			if !seg.Gap {
				there = append(there, seg)
			}
		}
		r.verifyBytes(id, there)
		r.verifyParts(id, all)
	}
}

// verifyHoles checks that gaps fill the time in which nobody published, but for half
// a second, and no more than that.
func (r *rig) verifyHoles() {
	r.t.Helper()
	for _, rendition := range r.snapshot().Renditions {
		for i, b := range rendition.Segments[1:] {
			a := rendition.Segments[i]
			hole := b.Start.Time(b.Timescale()).Sub(a.End().Time(a.Timescale()))
			if hole < -time.Millisecond || hole > 520*time.Millisecond { // sound comes in frames
				r.t.Errorf("%v: %v between %s and %s", rendition.ID, hole, describe(a), describe(b))
			}
		}
	}
}

// TestRecoverOnAir has the process die at any moment while somebody publishes. No
// number and no name is used again for other media.
func TestRecoverOnAir(t *testing.T) {
	both := source{fps: 25, gop: 50, rate: 48000}
	dice := rand.New(rand.NewPCG(1, 2))
	type key struct {
		id     media.TrackID
		number uint64
	}
	for range 40 {
		r := newRig(t, lingering)
		r.publishKnown(video(1), audio(48000))
		seen := map[key]string{}  // names of segments by number
		parts := map[string]int{} // lives by names of parts
		for life := range 4 {
			r.watch = func() {
				for id, g := range r.growing {
					if g == nil || len(g.Parts) == 0 {
						continue
					}
					k := key{id, g.Number}
					if old := seen[k]; old != "" && old != g.Name {
						t.Fatalf("%v: #%d was %s, is %s", id, g.Number, old, g.Name)
					}
					seen[k] = g.Name
					for _, part := range g.Parts {
						name := id.String() + part.Name()
						if was, known := parts[name]; known && was != life {
							t.Fatalf("%s is used again", name)
						}
						parts[name] = life
					}
				}
			}
			from := int(r.now.Sub(noon).Milliseconds())
			to := from + 2100 + dice.IntN(9000)
			r.play(both, from, to)
			r.at(to)
			r.verifyHoles()
			wait := time.Duration(dice.IntN(4000)) * time.Millisecond
			next, _ := r.kill(wait, lingering)
			for _, rendition := range r.snapshot().Renditions {
				before, after := rendition.Segments, next.snapshot().Rendition(rendition.ID).Segments
				if g := rendition.Growing; g != nil && g.Frames > 0 { // it ends where it was
					before = append(slices.Clone(before), g.Segment)
				}
				before = withoutLast(before)[max(len(before)-len(after), 0):]
				if !slices.EqualFunc(after, before, sameMedia) {
					t.Fatalf("%v: %q and %q", rendition.ID, describeAll(after), describeAll(before))
				}
			}
			r = next
			r.now = r.now.Add(time.Duration(dice.IntN(5000)) * time.Millisecond)
			r.publishKnown(video(1), audio(48000))
		}
	}
}

func describeAll(all []live.Segment) (words []string) {
	for _, seg := range all {
		words = append(words, fmt.Sprintf("%s of %d parts", describe(seg), len(seg.Parts)))
	}
	return words
}

// withoutLast returns segments without the gaps that only what grows made listed.
func withoutLast(all []live.Segment) []live.Segment {
	for len(all) > 0 && all[len(all)-1].Gap {
		all = all[:len(all)-1]
	}
	return all
}

// sameMedia reports whether two segments are the same, of the same period.
func sameMedia(a, b live.Segment) bool {
	return a.Number == b.Number && a.Name == b.Name && a.Duration == b.Duration && a.Gap == b.Gap && a.Size == b.Size &&
		a.Period.Sequence == b.Period.Sequence && a.Header.Name == b.Header.Name && slices.Equal(a.Parts, b.Parts)
}

// TestRecoverEnded has the process die after the end of a stream.
func TestRecoverEnded(t *testing.T) {
	r := newRig(t)
	r.publishKnown(video(1), audio(48000))
	r.play(source{fps: 25, gop: 50, rate: 48000}, 0, 5000)
	r.close()
	if !r.snapshot().Ended {
		t.Fatal("not ended")
	}
	after, found := r.kill(50 * time.Second)
	wantText(t, after.snapshot(), r.snapshot())
	if found.Streams != 1 || len(after.calendar) != len(r.disk.puts) {
		t.Errorf("%+v, %d to be removed", found, len(after.calendar))
	}
	for name, at := range r.calendar {
		if !strings.HasSuffix(name, ".end") && !after.calendar[name].Equal(at) {
			t.Errorf("%s goes at %v, not %v", name, after.calendar[name], at)
		}
	}
	// Somebody begins anew: both are there after the next death.
	after.publishKnown(video(1))
	ms := int(after.now.Sub(noon).Milliseconds())
	after.play(source{fps: 25, gop: 50}, ms, ms+3000)
	after.close()
	again, _ := after.kill(0)
	wantText(t, again.snapshot(), after.snapshot())
	if again.presentation().Earlier() == nil {
		t.Error("nothing is left of the stream before")
	}
	// What ended too long ago is not there, but its segments are for a while.
	late, found := after.kill(2 * time.Minute)
	if _, ok := late.registry.Lookup(show.App, show.Key); ok || found.Streams != 0 || found.Left == 0 {
		t.Errorf("%+v", found)
	}
	if len(late.calendar) != len(slices.Collect(entries(late.disk))) {
		t.Errorf("%d to be removed", len(late.calendar))
	}
}

func entries(d *disk) func(func(string) bool) {
	return func(yield func(string) bool) {
		for entry := range d.List("") {
			if !yield(entry.Name) {
				return
			}
		}
	}
}

// TestRecoverDamaged has files that are torn, empty, changed or foreign: they cost
// themselves only.
func TestRecoverDamaged(t *testing.T) {
	r := newRig(t, lingering)
	r.publishKnown(video(1), audio(48000))
	r.play(source{fps: 25, gop: 50, rate: 48000}, 0, 13000)
	r.close()
	names, told := slices.Sorted(entries(r.disk)), r.snapshot().Published
	foreign := []string{"notes.txt", "live/show/v0/index.html", "live/show/v0/x.m4s", "live/show/1-x.end", "a/b/c/d/1.m4s"}
	for _, name := range foreign {
		if err := r.disk.Put(name, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	dice := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		victim := names[dice.IntN(len(names))]
		data := r.bytesOf(victim)
		broken := bytes.Clone(data)
		switch dice.IntN(3) {
		case 0:
			broken = broken[:dice.IntN(len(broken))]
		case 1:
			broken[len(broken)-1-dice.IntN(300)] ^= 1 << dice.IntN(8)
		case 2:
			broken[dice.IntN(len(broken))] ^= 1 << dice.IntN(8)
		}
		r.replace(victim, broken)
		after, found := r.kill(time.Second, lingering)
		if found.Foreign != len(foreign) || found.Streams != 1 || found.Torn+found.Left > 1 ||
			found.Segments+found.Torn+found.Left != len(names) || len(after.calendar) < found.Left ||
			found.Torn > 0 && slices.Contains(slices.Collect(entries(r.disk)), victim) {
			t.Fatalf("%s: %+v, %v", victim, found, after.calendar)
		}
		if at := after.snapshot().Published; !at.After(told) {
			t.Fatalf("%s: dated %v, and %v before", victim, at, told)
		}
		after.observe()
		first := after.firstMedia()
		for id, rendition := range after.listed {
			for i, seg := range rendition {
				if i > 0 {
					after.verifyPair(id, rendition[i-1], seg, first)
				}
				if seg.Gap && victim != id.String() && !strings.Contains(victim, fmt.Sprintf("/%d.", seg.Start)) {
					t.Fatalf("%v: %s, but %s is broken", id, describe(seg), victim)
				}
			}
		}
		_ = r.disk.Remove(victim)
		if err := r.disk.Memory.Put(victim, data); err != nil {
			t.Fatal(err)
		}
	}
	_, found := r.kill(48*time.Hour, lingering)
	if found.Streams != 0 || found.Left != len(names) {
		t.Errorf("after days %+v", found)
	}
}

// TestRecoverWhatIsSomethingElse has files with the names of others, of the same track or
// of another one: nobody gets other bytes than he had.
func TestRecoverWhatIsSomethingElse(t *testing.T) {
	r := newRig(t, lingering)
	r.publishKnown(video(1), audio(48000))
	r.play(steady, 0, 13000)
	r.close()
	names := slices.Sorted(entries(r.disk))
	a, b, c, d := names[2], names[3], names[1], names[len(names)-1]
	for _, pair := range [][2]string{{a, b}, {c, d}} {
		one, other := r.bytesOf(pair[0]), r.bytesOf(pair[1])
		r.replace(pair[0], other)
		r.replace(pair[1], one)
	}
	after, found := r.kill(time.Second, lingering)
	if found.Torn != 4 || found.Left != 0 || found.Streams != 1 {
		t.Errorf("%+v", found)
	}
	for name := range entries(after.disk) {
		if slices.Contains([]string{a, b, c, d}, name) {
			t.Errorf("%s is still there", name)
		}
	}
}

func (r *rig) replace(name string, data []byte) {
	r.t.Helper()
	if err := r.disk.Remove(name); err != nil {
		r.t.Fatal(err)
	}
	if err := r.disk.Memory.Put(name, data); err != nil {
		r.t.Fatal(err)
	}
}

// BenchmarkRecover takes up 100 streams of 15 segments of video and audio on disk.
func BenchmarkRecover(b *testing.B) {
	r := newRig(b, lingering)
	r.quiet = true
	r.publishKnown(video(1), audio(48000))
	r.play(source{fps: 25, gop: 50, rate: 48000}, 0, 30000)
	if err := r.pub.Close(io.EOF); err != nil {
		b.Fatal(err)
	}
	dir, err := store.OpenDisk(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer dir.Close()
	files := map[string][]byte{}
	for name := range entries(r.disk) {
		files[name] = r.bytesOf(name)
	}
	for i := range 100 {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			copied := strings.Replace(name, "/show/", fmt.Sprintf("/show%d/", i), 1)
			if err := dir.Put(copied, files[name]); err != nil {
				b.Fatal(err)
			}
		}
	}
	for b.Loop() {
		next := newRig(b, lingering)
		next.now = r.now
		env := next.environment(next.config)
		env.Store = dir
		found, err := stream.NewRegistry(env).Recover()
		if err != nil || found.Streams != 100 {
			b.Fatal(found, err)
		}
	}
}

// TestRecoverAShorterWindow has the window become shorter, as the disk may take no more:
// after a restart no number goes back to what had left it.
func TestRecoverAShorterWindow(t *testing.T) {
	limited := func(c *stream.Config) { c.Limits.Stored = 8 << 20 }
	r := newRig(t, lingering, limited)
	r.publishKnown(video(1), audio(48000))
	r.large = bits(1_600_000)
	r.play(steady, 0, 60_000)
	r.close()
	before := r.snapshot()
	if before.Window >= r.config.Window {
		t.Fatalf("a window of %v", before.Window)
	}
	next, _ := r.kill(time.Second, lingering, limited)
	after := next.snapshot()
	for i, rendition := range before.Renditions {
		if got, want := after.Renditions[i].Segments[0].Number, rendition.Segments[0].Number; got != want {
			t.Errorf("%v begins with number %d, and began with %d", rendition.ID, got, want)
		}
	}
	if after.Window != before.Window {
		t.Errorf("a window of %v, and before of %v", after.Window, before.Window)
	}
}

// TestPeriodsThatHaveLeftStayAway kills the gateway while nobody publishes, at any time of
// that: manifests tell of no period afterwards that had left.
func TestPeriodsThatHaveLeftStayAway(t *testing.T) {
	const window = 20 * time.Second
	several := 0
	for wait := 500; wait < 24_000; wait += 1500 {
		r := newRig(t, lingering, func(c *stream.Config) { c.Window = window })
		r.publishKnown(video(1), audio(48000))
		r.play(steady, 0, 6000)
		r.close()
		r.at(8000)
		r.publishKnown(video(1), audio(48000))
		r.play(steady, 8000, 16_000)
		r.close()
		for ms := 16_250; ms <= 16_000+wait; ms += 250 {
			r.at(ms)
			r.registry.Check()
		}
		next, _ := r.kill(100 * time.Millisecond)
		for name, write := range map[string]func(*live.Snapshot, string) *scroll.Text{"index.mpd": dash.MPD, "ll.mpd": dash.LowLatency} {
			before, after := periodID.FindAllString(string(write(r.snapshot(), "").Bytes()), -1), periodID.FindAllString(string(write(next.snapshot(), "").Bytes()), -1)
			back := slices.ContainsFunc(after, func(id string) bool { return !slices.Contains(before, id) })
			if len(after) == 0 || back {
				t.Errorf("%s, %d ms after the publisher left: %q, and %q behind a restart", name, wait, before, after)
			}
			several += len(before) - 1
		}
	}
	if several == 0 {
		t.Error("there is but one period at any time")
	}
}

var periodID = regexp.MustCompile(`<Period id="[^"]+"`)
