package stream_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/pkg/dash"
	"sluice/pkg/media"
	"sluice/pkg/scroll"
	"sluice/pkg/stream"
)

var (
	v1 = media.TrackID{Kind: media.Video, Index: 1}
	v2 = media.TrackID{Kind: media.Video, Index: 2}
)

// inQualities has three publishers send a stream.
func inQualities(c *stream.Config) {
	c.Ladders = []stream.Ladder{{Stream: "{name}", Members: []string{"{name}_hi", "{name}_mid", "{name}_lo"}}}
	c.Linger = time.Minute
}

// A rung is the publisher of a member of a ladder, and what it sends in real time.
type rung struct {
	member string
	from   int // ms after noon
	to     int
	fps    int
	gop    int // frames
	silent bool
	ahead  int // of the publisher's times, in ms
	late   int // how long what it sends is on its way, in ms
	phase  int // frames of the first group of pictures that it does not send
	drift  int // of its clock, in parts of a million
	slow   int // by which its frames are farther apart than they should, in parts of a million
	jump   int // of its times in the middle, in ms
	delay  int // from decoding to showing a key frame, in ms
	hurry  int // by how much what it sends comes sooner from 5 s on, in ms
	burst  int // how much it sends at once when it begins, in ms
	mute   int // ms from which on it sends no sound
	lag    int // by how much its sound comes later than its pictures from 5 s on, in ms

	r    *rig
	pub  *stream.Publication
	told []error
}

func (p *rung) Warn(_, text string) { p.r.warned = append(p.r.warned, p.member+": "+text) }
func (p *rung) End(cause error)     { p.told = append(p.told, cause) }

// Publisher implements stream.Peer.
func (p *rung) Publisher() stream.Publisher { return stream.Publisher{Encoder: p.member} }

// An event is one of a publisher at a time.
type event struct {
	at int
	do func()
}

// events returns all that a publisher does.
func (p *rung) events(r *rig) (all []event) {
	p.r = r
	at := func(ms int, do func()) { all = append(all, event{ms, do}) }
	at(p.from, func() {
		var err error
		if p.pub, err = r.registry.Publish(r.t.Context(), stream.Name{App: "live", Key: p.member}, p); err != nil {
			r.t.Fatal(err)
		}
		tracks := []media.Track{video(byte(len(p.member)))}
		if !p.silent {
			tracks = append(tracks, audio(48000))
		}
		for _, t := range tracks {
			if err := p.pub.WriteTrack(t); err != nil {
				r.t.Fatal(err)
			}
		}
	})
	clock := func(ms int) uint32 {
		if ms += p.ahead; ms-p.ahead > (p.from+p.to)/2 {
			ms += p.jump
		}
		return uint32(ms)
	}
	for i := 0; i*1000/p.fps < p.to-p.from; i++ {
		ms := p.from + i*1000/p.fps
		ms += (ms - p.from) * p.slow / 1_000_000
		at(ms, func() { p.send(v0, clock(ms-p.delay), (i+p.phase)%p.gop == 0) })
	}
	until := p.to
	if p.mute > 0 {
		until = p.mute
	}
	for i := 0; !p.silent && i*1024/48 < until-p.from; i++ {
		ms := p.from + i*1024/48
		due := ms
		if ms > p.from+5000 {
			due += p.lag
		}
		if due >= p.to {
			break
		}
		at(due, func() { p.send(a0, clock(ms), true) })
	}
	at(p.to, func() {
		if err := p.pub.Close(io.EOF); err != nil {
			r.t.Fatal(err)
		}
	})
	slices.SortStableFunc(all, func(a, b event) int { return a.at - b.at })
	last := 0
	for i, e := range all {
		due := e.at + p.late - e.at*p.drift/1_000_000
		if e.at > p.from+5000 {
			due -= p.hurry
		}
		due = max(due-p.burst, min(due, p.from+p.late))
		last = max(last, due) // nothing overtakes what was sent before
		all[i].at = last
	}
	return all
}

func (p *rung) send(id media.TrackID, ms uint32, key bool) {
	p.r.frames++
	data := binary.BigEndian.AppendUint64([]byte{0, 0, 0, 9, 0x65}, p.r.frames)
	offset := int32(0)
	if id == v0 {
		offset = int32(p.delay)
	}
	if err := p.pub.WriteFrame(media.Frame{Track: id, Key: key, Time: ms, Offset: offset, Data: data}); err != nil {
		p.r.t.Fatal(err)
	}
}

// playRungs has publishers send what they have, and closes the stream.
func (r *rig) playRungs(rungs ...*rung) {
	r.t.Helper()
	var all []event
	for _, p := range rungs {
		all = append(all, p.events(r)...)
	}
	r.playEvents(all)
}

// playEvents has events happen in the order of their times.
func (r *rig) playEvents(all []event) {
	r.t.Helper()
	slices.SortStableFunc(all, func(a, b event) int { return a.at - b.at })
	for _, e := range all {
		r.at(e.at)
		e.do()
		r.registry.Check()
		if _, ok := r.registry.Lookup(show.App, show.Key); ok {
			r.observe()
			r.observeSeams()
		}
	}
	r.verify()
}

var periods = regexp.MustCompile(`<Period id="([^"]+)" start="PT([\d.]+)S"(?: duration="PT([\d.]+)S")?>`)

// observeSeams looks for time between the Periods of manifests in which nothing is shown. While one track
// is a part behind others it may seem so.
func (r *rig) observeSeams() {
	const often, passing = 200 * time.Millisecond, 300 * time.Millisecond
	if r.seams == nil || r.now.Sub(r.looked) < often {
		return
	}
	r.looked = r.now
	seconds := func(text string) float64 {
		n, _ := strconv.ParseFloat(text, 64)
		return n
	}
	for name, manifest := range map[string]*scroll.Text{"index.mpd": dash.MPD(r.snapshot(), ""), "ll.mpd": dash.LowLatency(r.snapshot(), "")} {
		if manifest == nil {
			continue
		}
		all := periods.FindAllStringSubmatch(string(manifest.Bytes()), -1)
		for i, p := range all[:max(len(all)-1, 0)] {
			next := all[i+1]
			if hole := seconds(next[2]) - seconds(p[2]) - seconds(p[3]); p[3] != "" && hole > 0.1 {
				what := fmt.Sprintf("for %.1f s between %s and %s of %s", hole, p[1], next[1], name)
				if r.holes[what].IsZero() {
					r.holes[what] = r.now
				}
				if r.now.Sub(r.holes[what]) > passing {
					r.seams[what] = true
				}
			}
		}
	}
}

// together checks that segments of tracks of video begin so near to each other, with key frames, and returns how
// many there are of all tracks with media.
func (r *rig) together(near time.Duration, tracks ...media.TrackID) (count int) {
	r.t.Helper()
	starts := map[uint64]media.Ticks{}
	in := map[uint64]int{}
	for _, id := range tracks {
		for _, seg := range r.listed[id] {
			if seg.Gap {
				continue
			}
			in[seg.Number]++
			if at, known := starts[seg.Number]; known && (seg.Start+seg.Offset-at).Duration(90000).Abs() > near || !known && !seg.Independent {
				r.t.Errorf("%v: %s begins %d ticks behind others, with a key frame: %v", id, describe(seg), seg.Start+seg.Offset-at, seg.Independent)
			}
			starts[seg.Number] = seg.Start + seg.Offset
		}
	}
	for _, n := range in {
		if n == len(tracks) {
			count++
		}
	}
	return count
}

// TestLadder has three publishers send a stream whose key frames are at the same times of their
// sources. What they say of time may differ, and how long it is on its way.
func TestLadder(t *testing.T) {
	for name, rungs := range map[string][]*rung{
		"outputs of one encoder": {
			{member: "show_hi"}, {member: "show_mid", late: 40}, {member: "show_lo", late: 90},
		},
		"outputs of one encoder, the first comes last": {
			{member: "show_hi", late: 700}, {member: "show_mid", late: 40}, {member: "show_lo", late: 300},
		},
		"clocks of their own": {
			{member: "show_hi", ahead: 1 << 31}, {member: "show_mid", late: 40, ahead: -123_456}, {member: "show_lo", late: 90, ahead: 77_777},
		},
		"clocks of their own, out of phase": {
			{member: "show_hi"}, {member: "show_mid", late: 140, ahead: 5000, phase: 47}, {member: "show_lo", late: 330, ahead: 9999},
		},
		"the second one hurries": {
			{member: "show_hi", late: 400, hurry: 390}, {member: "show_mid", late: 5, hurry: -300}, {member: "show_lo", late: 10, hurry: -100},
		},
		"pictures in another order": {
			{member: "show_hi"}, {member: "show_mid", delay: 80}, {member: "show_lo", delay: 40, ahead: 5000},
		},
		"in the same other order, the second one first": {
			{member: "show_hi", delay: 80, late: 60}, {member: "show_mid", delay: 80}, {member: "show_lo", delay: 80, late: 90},
		},
		"and in the first": {
			{member: "show_hi", delay: 80}, {member: "show_mid"}, {member: "show_lo", delay: 40},
		},
		"the first comes later, and has no sound": {
			{member: "show_hi", hurry: -700, silent: true}, {member: "show_mid", late: 5}, {member: "show_lo", late: 10},
		},
		"half the frames": {
			{member: "show_hi", fps: 50}, {member: "show_mid"}, {member: "show_lo", fps: 25},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, inQualities)
			for _, p := range rungs {
				if p.fps == 0 {
					p.fps = 25
				}
				p.gop, p.to = 2*p.fps, 30_000
			}
			r.playRungs(rungs...)
			if n := r.together(time.Millisecond, v0, v1, v2); n < 10 {
				t.Errorf("%d segments in all qualities: %s, %s, %s", n, r.shape(v0), r.shape(v1), r.shape(v2))
			}
			if len(r.listed[a0]) < 10 || len(r.snapshot().Renditions) != 4 {
				t.Errorf("sound: %s", r.shape(a0))
			}
			if n := r.next(); n > 3 {
				t.Errorf("%d periods", n)
			}
		})
	}
}

// TestLadderStarts has members come in one order, and their first frames in another: they are together from
// the first segment on if they start at once, and otherwise in the first that all of them are known to share.
func TestLadderStarts(t *testing.T) {
	for _, test := range []struct{ apart, periods int }{{30, 1}, {101, 2}, {240, 2}} {
		for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {2, 0, 1}} {
			r := newRig(t, inQualities)
			var all []event
			for i, member := range []string{"show_mid", "show_hi", "show_lo"} {
				p := &rung{member: member, fps: 25, gop: 50, to: 20_000, ahead: i * 123_457, late: order[i] * test.apart}
				own := p.events(r)
				own[0].at = 0
				all = append(all, own...)
			}
			r.playEvents(all)
			if n := r.together(time.Millisecond, v0, v1, v2); n < 7 || int(r.next()) > test.periods {
				t.Errorf("%d ms apart, %v: %d segments, %d periods: %s, %s, %s, %s", test.apart, order, n, r.next(), r.shape(v0), r.shape(v1), r.shape(v2), r.shape(a0))
			}
			if n := r.lines("key frames"); n > 0 {
				t.Errorf("%d warnings of key frames", n)
			}
		}
	}
}

// next returns how many periods there were.
func (r *rig) next() uint64 { return r.registry.Vitals()[0].Periods }

// TestLadderGoesOn has members come late, go, and be back, the one that leads included. Others go on:
// their numbers and times have no hole.
func TestLadderGoesOn(t *testing.T) {
	for name, rungs := range map[string][]*rung{
		"one comes late and goes": {
			{member: "show_hi", to: 60_000}, {member: "show_mid", to: 60_000}, {member: "show_lo", from: 11_000, to: 31_000},
		},
		"one comes late, faster at first": {
			{member: "show_hi", to: 60_000}, {member: "show_mid", to: 60_000}, {member: "show_lo", from: 11_520, to: 60_000, ahead: 7777, burst: 500, phase: 50},
		},
		"the best comes late, faster at first": {
			{member: "show_hi", from: 11_520, to: 60_000, ahead: 7777, burst: 500, phase: 50}, {member: "show_mid", to: 60_000}, {member: "show_lo", to: 60_000},
		},
		"the first goes": {
			{member: "show_hi", to: 25_300}, {member: "show_mid", to: 60_000}, {member: "show_lo", to: 60_000},
		},
		"the first goes and is back": {
			{member: "show_hi", to: 25_300}, {member: "show_hi", from: 33_000, to: 60_000}, {member: "show_mid", to: 60_000}, {member: "show_lo", to: 60_000},
		},
		"one after the other": {
			{member: "show_hi", to: 20_000}, {member: "show_mid", from: 10_000, to: 40_000}, {member: "show_lo", from: 30_000, to: 60_000},
		},
		"the first comes later and later": {
			{member: "show_hi", to: 60_000, hurry: -1500}, {member: "show_mid", to: 60_000}, {member: "show_lo", to: 60_000},
		},
		"one comes a segment later": {
			{member: "show_hi", to: 60_000}, {member: "show_mid", to: 60_000, hurry: -2600}, {member: "show_lo", to: 60_000},
		},
		"one whose times jump": {
			{member: "show_hi", to: 60_000}, {member: "show_mid", to: 60_000, jump: 3_600_000}, {member: "show_lo", to: 60_000},
		},
		"the first one's times jump": {
			{member: "show_hi", to: 60_000, jump: -20_000}, {member: "show_mid", to: 60_000}, {member: "show_lo", to: 60_000},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, inQualities)
			r.seams, r.holes = map[string]bool{}, map[string]time.Time{}
			for i, p := range rungs {
				p.fps, p.gop, p.late = 25, 50, 10*i
				if p.phase == 0 {
					p.phase = p.from / 40 % 50
				}
			}
			r.playRungs(rungs...)
			if len(r.seams) > 0 {
				t.Errorf("in DASH there is nothing %v", slices.Sorted(maps.Keys(r.seams)))
			}
			all := r.snapshot()
			for _, id := range []media.TrackID{v0, v1, v2} {
				t.Logf("%v: %s", id, r.shape(id))
			}
			t.Logf("%v: %s", a0, r.shape(a0))
			if n := r.next(); n > 6 {
				t.Errorf("%d periods", n)
			}
			r.together(time.Millisecond, v0, v1, v2)
			if end := all.End(); end.Before(noon.Add(59 * time.Second)) {
				t.Errorf("it ends at %v", end)
			}
			r.whole()
		})
	}
}

// TestLadderChanges has a member go, whose sound is heard, and come back. What viewers wait for then is
// there without delay: nothing is open that nobody goes on with, and no sound is missing.
func TestLadderChanges(t *testing.T) {
	r := newRig(t, inQualities)
	hi := &rung{member: "show_hi", to: 25_300}
	back := &rung{member: "show_hi", from: 45_000, to: 70_000, phase: 25}
	var all []event
	for i, p := range []*rung{hi, {member: "show_mid", to: 70_000}, {member: "show_lo", to: 70_000}, back} {
		p.fps, p.gop, p.late = 25, 50, 10*i
		all = append(all, p.events(r)...)
	}
	look := func(ms int, gone, from bool) {
		all = append(all, event{ms, func() {
			v := r.snapshot().Rendition(v0)
			if v.Gone != gone || (v.From > 0) != from || gone && (v.Growing != nil || v.Hint != "") {
				t.Errorf("at %d ms: gone %v, from %d on, growing %v, %q is promised", ms, v.Gone, v.From, v.Growing != nil, v.Hint)
			}
			for _, id := range []media.TrackID{v1, v2, a0} {
				if other := r.snapshot().Rendition(id); other.Gone || other.From > 0 {
					t.Errorf("at %d ms: %v is gone", ms, id)
				}
			}
		}})
	}
	look(25_200, false, false)
	look(25_400, true, false) // at once
	look(26_500, true, true)  // a period has begun
	look(44_900, true, true)
	look(55_000, false, false)
	r.playEvents(all)
	for _, seg := range r.listed[a0] {
		if frames := media.Ticks(seg.Frames * 1024); !seg.Gap && (seg.Duration-frames).Duration(48000).Abs() > 50*time.Millisecond {
			t.Errorf("%s has %d frames", describe(seg), seg.Frames)
		}
	}
	r.whole()
}

// whole checks that at any time there is a picture, and sound.
func (r *rig) whole() {
	r.t.Helper()
	pictures, sounds := map[uint64]bool{}, map[uint64]bool{}
	first, last := uint64(1<<63), uint64(0)
	for id, all := range r.listed {
		for _, seg := range all {
			if id.Kind == media.Video {
				pictures[seg.Number] = pictures[seg.Number] || !seg.Gap
			} else {
				sounds[seg.Number] = sounds[seg.Number] || !seg.Gap
			}
			first, last = min(first, seg.Number), max(last, seg.Number)
		}
	}
	for n := first + 1; n < last; n++ {
		if !pictures[n] || !sounds[n] {
			r.t.Errorf("segment %d of %d to %d: picture %v, sound %v", n, first, last, pictures[n], sounds[n])
		}
	}
}

// TestLadderIsHeard has the sound of the member whose sound is heard stop, come late, or never come: that
// of another one is heard then.
func TestLadderIsHeard(t *testing.T) {
	for name, first := range map[string]*rung{
		"stops":           {mute: 20_000},
		"comes late":      {lag: 1700},
		"never comes":     {mute: 1},
		"is all it sends": {fps: 1, gop: 1000, phase: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, inQualities)
			rungs := []*rung{first, {late: 5}, {late: 10, silent: true}}
			for i, member := range []string{"show_hi", "show_mid", "show_lo"} {
				p := rungs[i]
				p.member, p.to = member, 40_000
				if p.fps == 0 {
					p.fps, p.gop = 25, 50
				}
			}
			r.playRungs(rungs...)
			t.Logf("\n%s\n%s\n%s\n%s", r.shape(v0), r.shape(v1), r.shape(v2), r.shape(a0))
			sent, silent := r.heard()
			if most := 2000 * 48 / 1024; silent > most || sent < 35_000*48/1024 {
				t.Errorf("%d frames of sound, and %d of silence", sent, silent)
			}
			if n := r.next(); n > 2 {
				t.Errorf("%d periods", n)
			}
		})
	}
}

// TestLadderTakesOnePicture has a member send two: its broadcaster is told.
func TestLadderTakesOnePicture(t *testing.T) {
	r := newRig(t, inQualities)
	p := &rung{member: "show_hi", r: r}
	pub, err := r.registry.Publish(t.Context(), stream.Name{App: "live", Key: p.member}, p)
	if err != nil {
		t.Fatal(err)
	}
	second := video(2)
	second.ID = v1
	if err := errors.Join(pub.WriteTrack(video(1)), pub.WriteTrack(second), pub.WriteTrack(second), pub.Close(io.EOF)); err != nil {
		t.Fatal(err)
	}
	if len(r.warned) != 1 || !strings.Contains(r.warned[0], "sends one picture") {
		t.Errorf("%q", r.warned)
	}
}

// TestLadderLeavesOut has a member whose key frames are elsewhere, for a while or for good.
func TestLadderLeavesOut(t *testing.T) {
	r := newRig(t, inQualities)
	r.playRungs(
		&rung{member: "show_hi", fps: 25, gop: 50, to: 60_000},
		&rung{member: "show_mid", fps: 25, gop: 75, to: 30_000, late: 10},
		&rung{member: "show_mid", fps: 25, gop: 50, from: 32_000, to: 60_000, late: 10},
		&rung{member: "show_lo", fps: 25, gop: 50, to: 60_000, late: 20, phase: 25},
	)
	t.Logf("\n%s\n%s\n%s\n%s", r.shape(v0), r.shape(v1), r.shape(v2), r.shape(a0))
	if n := r.together(time.Millisecond, v0, v1); n < 14 {
		t.Errorf("%d segments in both qualities", n)
	}
	for _, seg := range r.listed[v1] {
		if at := seg.From() - time.Duration(noon.UnixNano()); !seg.Gap && at > 10*time.Second && at < 30*time.Second {
			t.Errorf("%s, whose key frames are elsewhere", describe(seg))
		}
	}
	if n := r.next(); n > 5 || len(r.listed[v0]) < 29 {
		t.Errorf("%d periods, %s", n, r.shape(v0))
	}
	if strings.Count(r.log.String(), "key frames of a track of video are not where") != 1 {
		t.Errorf("%s", r.log.String())
	}
}

// TestLadderOfStrangers has members do whatever they like: what holds for every stream holds.
func TestLadderOfStrangers(t *testing.T) {
	for seed := range uint64(strangerSeeds + 1) {
		if seed == strangerSeeds {
			seed = 5511 // a track that comes to lead within its first segment
		}
		r := newRig(t, inQualities)
		r.promised = nil // that a track comes back is not always foreseen
		random := rand.New(rand.NewPCG(seed, 6))
		pick := func(all ...int) int { return all[random.IntN(len(all))] }
		var rungs []*rung
		for _, name := range []string{"show_hi", "show_mid", "show_lo"} {
			for from := pick(0, 0, 40, 3000, 9000); from < 40_000; {
				p := &rung{
					member: name, from: from, to: min(from+random.IntN(40_000), 45_000), fps: pick(25, 25, 50, 12), silent: random.IntN(4) == 0,
					ahead: pick(0, 0, 5000, 1<<31, -7000), late: random.IntN(900), phase: pick(0, 0, 7, 25), delay: pick(0, 0, 80),
					jump: pick(0, 0, 0, 500, 60_000, -60_000), hurry: pick(0, 0, -400, 300),
				}
				p.hurry = min(p.hurry, p.late)
				p.gop = p.fps * pick(1, 2, 2, 2, 3)
				rungs = append(rungs, p)
				from = p.to + 1500 + random.IntN(8000)
			}
		}
		if !t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			r.t = t
			r.playRungs(rungs...)
		}) {
			for _, p := range rungs {
				t.Logf("%+v", *p)
			}
			return
		}
	}
}

// TestLadderDrifts has members whose encoders' clocks differ, for long.
func TestLadderDrifts(t *testing.T) {
	r := newRig(t, inQualities)
	r.playRungs(
		&rung{member: "show_hi", fps: 25, gop: 50, to: 400_000},
		&rung{member: "show_mid", fps: 25, gop: 50, to: 400_000, late: 40, drift: 400, ahead: 9000},
		&rung{member: "show_lo", fps: 25, gop: 50, to: 400_000, late: 200, drift: -400, ahead: 99_000, silent: true, slow: -200},
	)
	if n := r.together(6*time.Millisecond, v0, v1, v2); n < 190 {
		t.Errorf("%d segments in all qualities, %d periods", n, r.next())
	}
	if r.next() > 3 {
		t.Errorf("%d periods", r.next())
	}
}

// TestLadderFallsSilent has the network of all members fail, and one of them come back on another
// connection: what the others left does not keep it out.
func TestLadderFallsSilent(t *testing.T) {
	r := newRig(t, inQualities)
	r.promised = nil
	first, second := &rung{member: "show_hi", fps: 25, gop: 50, to: 20_000}, &rung{member: "show_mid", fps: 25, gop: 50, to: 20_000, late: 20}
	back := &rung{member: "show_hi", fps: 25, gop: 50, from: 25_000, to: 60_000}
	var all []event
	for _, p := range []*rung{first, second} {
		events := p.events(r)
		all = append(all, events[:len(events)-1]...) // nobody hears that it goes
	}
	for ms := 20_000; ms < 25_000; ms += 250 {
		all = append(all, event{ms, func() {}})
	}
	r.playEvents(append(all, back.events(r)...))
	var pictures, sounds int
	for i, id := range []media.TrackID{v0, a0} {
		for _, seg := range r.listed[id] {
			if at := seg.From() - time.Duration(noon.UnixNano()); !seg.Gap && at > 28*time.Second {
				*[]*int{&pictures, &sounds}[i]++
			}
		}
	}
	if pictures < 14 || sounds < 14 {
		t.Errorf("it is back with %d segments of pictures and %d of sound:\n%s\n%s", pictures, sounds, r.shape(v0), r.shape(a0))
	}
}

// TestLadderALittleEarly has a member come late whose key frames are a little in front of those of
// the lead, where a gap ends.
func TestLadderALittleEarly(t *testing.T) {
	for _, ms := range []int{0, 1, 4, 9} {
		r := newRig(t, inQualities)
		r.playRungs(
			&rung{member: "show_hi", fps: 25, gop: 50, to: 40_000},
			&rung{member: "show_mid", fps: 25, gop: 50, from: 12_000 - ms, to: 40_000, late: 50},
			&rung{member: "show_lo", fps: 25, gop: 50, from: 1000 - ms, phase: 25, to: 40_000, late: 50},
		)
		r.together(10*time.Millisecond, v2)
		for _, seg := range r.listed[v2] {
			if !seg.Gap && !seg.Independent {
				t.Errorf("%d ms early: %s without a key frame", ms, describe(seg))
			}
		}
		if n := r.together(10*time.Millisecond, v0, v1); n < 10 {
			t.Errorf("%d segments in both qualities: %s", n, r.shape(v1))
		}
	}
}
