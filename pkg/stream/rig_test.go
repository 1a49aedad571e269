package stream_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/cmaf"
	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/segment"
	"sluice/pkg/store"
	"sluice/pkg/stream"
)

var (
	v0   = media.TrackID{Kind: media.Video}
	a0   = media.TrackID{Kind: media.Audio}
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	show = stream.Name{App: "live", Key: "show"}
)

// sps is of 1280x720; sets differ in their PPS.
func video(pps byte) media.Track {
	sps := []byte{
		0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x6c, 0x80, 0x00, 0x00, 0x03,
		0x00, 0x80, 0x00, 0x00, 0x1e, 0x07, 0x8c, 0x18, 0xcb,
	}
	config := append([]byte{1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, byte(len(sps))}, sps...)
	config = append(config, 1, 0, 6, 0x68, 0xeb, 0xe3, 0xcb, 0x22, pps, 0xfd, 0xf8, 0xf8, 0)
	return media.Track{
		ID: v0, Codec: media.H264, Timescale: media.VideoTimescale, Codecs: "avc1.64001F", Config: config,
		Width: 1280, Height: 720, CodedWidth: 1280, CodedHeight: 720, SampleAspect: media.Ratio{Num: 1, Den: 1},
	}
}

// audio returns AAC-LC in stereo of 48, 22.05 or 8 kHz.
// silence is a frame of two channels in which there is nothing.
var silence = []byte{0x21, 0, 0, 0, 0, 0x1c}

func audio(rate uint32) media.Track {
	config := []byte{0x11, 0x90}
	switch rate {
	case 8000:
		config = []byte{0x15, 0x90}
	case 22050:
		config = []byte{0x13, 0x90}
	}
	return media.Track{
		ID: a0, Codec: media.AAC, Timescale: rate, Codecs: "mp4a.40.2", Config: config,
		SampleRate: int(rate), Channels: 2, FrameTicks: 1024,
	}
}

// A disk is a store in memory that knows what was put, and can be full. What is
// staged in it is there for the next registry.
type disk struct {
	*store.Memory
	full   bool
	left   map[string]int // how many segments of a track are refused yet
	puts   []string
	staged map[string]store.Staged
}

var errDiskFull = errors.New("no space left on device")

func (d *disk) Put(name string, chunks ...[]byte) error {
	if track := path.Base(path.Dir(name)); d.full || d.left[track] > 0 {
		d.left[track]--
		return errDiskFull
	}
	d.puts = append(d.puts, name)
	delete(d.staged, name)
	return d.Memory.Put(name, chunks...)
}

// refuse makes the next so many segments of each track no part of the store.
func (d *disk) refuse(count int, tracks ...string) {
	for _, track := range tracks {
		d.left[track] = count
	}
}

func (d *disk) Stage(name string, note []byte, chunks ...[]byte) error {
	if d.full {
		delete(d.staged, name)
		return errDiskFull
	}
	d.staged[name] = store.Staged{Name: name, Note: bytes.Clone(note), Data: bytes.Join(chunks, nil)}
	return nil
}

func (d *disk) Unstage(name string) error {
	delete(d.staged, name)
	return nil
}

func (d *disk) Staged() iter.Seq2[store.Staged, error] {
	return func(yield func(store.Staged, error) bool) {
		for _, staged := range d.staged {
			if !yield(staged, nil) {
				return
			}
		}
	}
}

// A calendar records what is to be removed, and when.
type calendar map[string]time.Time

func (c calendar) Add(at time.Time, names ...string) {
	for _, name := range names {
		if _, twice := c[name]; twice {
			panic("retired twice: " + name)
		}
		c[name] = at
	}
}

// A rig is a registry with a publisher whose clock stands still unless told.
type rig struct {
	t        testing.TB
	now      time.Time
	disk     *disk
	spool    *spool   // in front of the disk, if there is one
	told     []error  // what the publisher was ended with
	warned   []string // of what it was warned
	calendar calendar
	log      bytes.Buffer
	config   stream.Config
	registry *stream.Registry
	pub      *stream.Publication
	seams    map[string]bool      // see observeSeams
	holes    map[string]time.Time // likewise: when each was first seen
	looked   time.Time            // when it did

	realTime bool // of a bubble

	quiet  bool // nothing is observed
	of     *live.Presentation
	seen   *live.Snapshot                   // of that
	listed map[media.TrackID][]live.Segment // all that ever was
	target time.Duration
	frames uint64
	large  int // bytes by which frames of video are larger than need be

	growing  map[media.TrackID]*live.Growing // as last seen
	promised map[media.TrackID]promise
	dated    struct {
		at time.Time
		of []uint64 // the numbers of the first, the last and the growing segments
	}
	hints map[media.TrackID][]string // all that ever were
	watch func()                     // called after each frame
}

func newRig(t testing.TB, changes ...func(*stream.Config)) *rig {
	r := &rig{
		t: t, now: noon, disk: &disk{Memory: store.NewMemory(), staged: map[string]store.Staged{}, left: map[string]int{}}, calendar: calendar{},
		listed: map[media.TrackID][]live.Segment{}, promised: map[media.TrackID]promise{}, growing: map[media.TrackID]*live.Growing{}, hints: map[media.TrackID][]string{},
	}
	config := stream.Config{
		Segment: segment.Config{Target: 2 * time.Second, Max: 10 * time.Second, Part: 250 * time.Millisecond, Chunk: 250 * time.Millisecond},
		Window:  30 * time.Second, Keep: time.Minute,
	}
	for _, change := range changes {
		change(&config)
	}
	r.config = config
	r.registry = r.newRegistry(config)
	return r
}

func (r *rig) newRegistry(config stream.Config) *stream.Registry {
	return stream.NewRegistry(r.environment(config))
}

func (r *rig) environment(config stream.Config) stream.Environment {
	env := stream.Environment{
		Reserved: []string{"taken"}, Config: config,
		Store: r.disk, Retire: r.calendar, Log: zerolog.New(zerolog.SyncWriter(&r.log)), Now: r.clock,
	}
	if r.spool != nil {
		env.Store, env.Memory = r.spool, r.spool
	}
	return env
}

func (r *rig) clock() time.Time {
	if r.realTime {
		return time.Now()
	}
	return r.now
}

// Warn implements stream.Peer.
func (r *rig) Warn(_, text string) { r.warned = append(r.warned, text) }

// End implements stream.Peer.
func (r *rig) End(cause error) { r.told = append(r.told, cause) }

// Publisher implements stream.Peer.
func (r *rig) Publisher() stream.Publisher { return stream.Publisher{Encoder: "rig"} }

func (r *rig) publish(tracks ...media.Track) {
	r.t.Helper()
	pub, err := r.registry.Publish(r.t.Context(), show, r)
	if err != nil {
		r.t.Fatal(err)
	}
	r.pub = pub
	r.declare(tracks...)
}

func (r *rig) declare(tracks ...media.Track) {
	for _, track := range tracks {
		if err := r.pub.WriteTrack(track); err != nil {
			r.t.Fatal(err)
		}
	}
}

// send writes a frame of the publisher's time ms, without touching the clock.
// Each has its own number as data.
func (r *rig) send(id media.TrackID, ms int, key bool) {
	r.frames++
	data := binary.BigEndian.AppendUint64([]byte{0, 0, 0, 9, 0x65}, r.frames)
	if id == v0 {
		data = append(data, make([]byte, r.large)...)
	}
	if err := r.pub.WriteFrame(media.Frame{Track: id, Key: key, Time: uint32(ms), Data: data}); err != nil {
		r.t.Fatal(err)
	}
	r.observe()
	if r.watch != nil {
		r.watch()
	}
}

// at sets the clock to so many milliseconds after noon.
func (r *rig) at(ms int) {
	r.now = noon.Add(time.Duration(ms) * time.Millisecond)
	if r.realTime {
		time.Sleep(time.Until(r.now))
	}
}

// A source is what a publisher sends in real time.
type source struct {
	fps   int // frames of video a second, 0 for none
	gop   int // frames from key frame to key frame, 0 for none
	rate  int // of audio, 0 for none
	ahead int // ms by which the publisher's time differs from ours
	begun int // frames of the group of pictures that were sent before
	sound int // ms by which the times of audio are ahead of those of video
}

// play sends what a source has from one time to another, in ms after noon.
func (r *rig) play(s source, from, to int) {
	type event struct {
		ms  int
		id  media.TrackID
		key bool
	}
	var events []event
	for i := 0; s.fps > 0 && i*1000/s.fps < to-from; i++ {
		events = append(events, event{from + (i*1000+s.fps/2)/s.fps, v0, s.gop > 0 && (s.begun+i)%s.gop == 0})
	}
	for i := 0; s.rate > 0 && i*1024*1000/s.rate < to-from; i++ {
		events = append(events, event{from + (i*1024*1000+s.rate/2)/s.rate, a0, true})
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.ms - b.ms })
	for _, e := range events {
		r.at(e.ms)
		if e.id == a0 {
			e.ms += s.sound
		}
		r.send(e.id, e.ms+s.ahead, e.key)
	}
}

// close ends the publication and, if nobody is waited for, the stream.
func (r *rig) close() {
	if err := r.pub.Close(io.EOF); err != nil {
		r.t.Fatal(err)
	}
	r.registry.Check()
	r.observe()
}

func (r *rig) presentation() *live.Presentation {
	p, ok := r.registry.Lookup(show.App, show.Key)
	if !ok {
		r.t.Fatal("the stream is not there")
	}
	return p
}

func (r *rig) snapshot() *live.Snapshot {
	return r.presentation().Snapshot()
}

// observe notes what is listed and that nothing listed changes.
func (r *rig) observe() {
	if r.quiet {
		return
	}
	s := r.snapshot()
	if s == r.seen {
		return
	}
	if p := r.presentation(); p != r.of {
		r.of, r.dated.of = p, nil // the clock may be another one
	}
	r.seen = s
	if r.target == 0 || s.Targets.Segment == 0 { // a new publisher may promise anew
		r.target = s.Targets.Segment
	}
	if s.Targets.Segment != r.target {
		r.t.Fatalf("target duration changed from %v to %v", r.target, s.Targets.Segment)
	}
	for _, span := range s.Spans() {
		for i, h := range span.Headers {
			if span.Header(h.Track.ID) != h {
				r.t.Fatalf("period %d has track %s twice, the second time as %d.", span.Sequence, h.Track.ID, i)
			}
		}
	}
	for _, rendition := range s.Renditions {
		all := r.listed[rendition.ID]
		for i, seg := range rendition.Segments {
			if seg.Number != rendition.Segments[0].Number+uint64(i) {
				r.t.Fatalf("%v: %s is the %d. in a playlist that begins with %s", rendition.ID, describe(seg), i, describe(rendition.Segments[0]))
			}
			if n := len(all); n == 0 || seg.Number > all[n-1].Number {
				all = append(all, seg)
				continue
			}
			at, known := slices.BinarySearchFunc(all, seg.Number, func(s live.Segment, n uint64) int { return cmp.Compare(s.Number, n) })
			if !known || !equal(all[at], seg) {
				r.t.Fatalf("%v: %s became %s", rendition.ID, describe(all[min(at, len(all)-1)]), describe(seg))
			}
		}
		if n := len(rendition.Segments); n > 0 && rendition.Segments[n-1].Gap && (rendition.Growing == nil || len(rendition.Growing.Parts) == 0) {
			r.t.Fatalf("%v: the playlist ends with %s", rendition.ID, describe(rendition.Segments[n-1]))
		}
		r.listed[rendition.ID] = all
		r.observeGrowth(&rendition)
		r.observeNext(&rendition)
	}
	r.observeDate()
}

// observeDate checks that a state with other segments was published later than the
// one before, as manifests tell it while there is more to come.
func (r *rig) observeDate() {
	if r.seen.Ended {
		return
	}
	var of []uint64
	for _, rendition := range r.seen.Renditions {
		if n := len(rendition.Segments); n > 0 {
			of = append(of, rendition.Segments[0].Number, rendition.Segments[n-1].Number)
		}
		if g := rendition.Growing; g != nil {
			of = append(of, g.Number)
		}
	}
	at := r.seen.Published.Truncate(time.Millisecond)
	if len(of) > 0 && len(r.dated.of) > 0 && !slices.Equal(r.dated.of, of) && !at.After(r.dated.at) {
		r.t.Fatalf("published at %v: %d, and at %v: %d", r.dated.at, r.dated.of, at, of)
	}
	r.dated.at, r.dated.of = at, of
}

// A promise is of which period a segment will be that does not exist yet.
type promise struct{ number, period uint64 }

// observeNext checks that the segment behind a playlist was of the period that the
// playlist said: that of its last segment, or the next one by a discontinuity at its
// end. There are players that rely on it.
func (r *rig) observeNext(rendition *live.Rendition) {
	known, grows := rendition.Segments, rendition.Growing != nil && rendition.Growing.Size > 0
	if (len(known) == 0 && !grows) || r.promised == nil {
		return
	}
	var last live.Segment
	if grows {
		last = rendition.Growing.Segment
	} else {
		last = known[len(known)-1]
	}
	if rendition.Gone { // its playlist cannot be had
		delete(r.promised, rendition.ID)
		return
	}
	if p, ok := r.promised[rendition.ID]; ok {
		seg := last
		if n := len(known); n > 0 && p.number-known[0].Number < uint64(n) { // several may have come
			seg = known[p.number-known[0].Number]
		}
		if seg.Number == p.number && seg.Period.Sequence != p.period {
			r.t.Fatalf("%v: %s was to be of period %d", rendition.ID, describe(seg), p.period)
		}
	}
	r.promised[rendition.ID] = promise{last.Number + 1, max(last.Next, last.Period.Sequence)}
	if r.seen.Ended || grows { // it has not ended, or no other will come
		delete(r.promised, rendition.ID)
	}
}

// equal reports whether two states of a segment are the same to viewers.
func equal(a, b live.Segment) bool {
	return a.Number == b.Number && a.Period == b.Period && a.Header == b.Header && a.Name == b.Name &&
		a.Start == b.Start && a.Offset == b.Offset && a.Duration == b.Duration && a.Size == b.Size &&
		a.Frames == b.Frames && a.Independent == b.Independent && a.Gap == b.Gap && slices.Equal(a.Parts, b.Parts)
}

func describe(s live.Segment) string {
	kind := ""
	if s.Gap {
		kind = " gap"
	}
	return fmt.Sprintf("p%d #%d [%.3f+%.3f]%s", s.Period.Sequence, s.Number,
		s.Start.Time(s.Timescale()).Sub(noon).Seconds(), s.Length().Seconds(), kind)
}

// verify checks everything that holds whatever a publisher does.
func (r *rig) verify() {
	r.t.Helper()
	periods, first := map[uint64]*live.Period{}, r.firstMedia()
	for id, all := range r.listed {
		for i, seg := range all {
			if int64(math.Round(seg.Length().Seconds())) > int64(r.target.Seconds()) || seg.Duration <= 0 {
				r.t.Fatalf("%v: %s with target duration %v", id, describe(seg), r.target)
			}
			if p := periods[seg.Number]; p != nil && p != seg.Period {
				r.t.Fatalf("%v: %s belongs to period %d elsewhere", id, describe(seg), p.Sequence)
			}
			periods[seg.Number] = seg.Period
			if i > 0 {
				r.verifyPair(id, all[i-1], seg, first)
			}
		}
		r.verifyBytes(id, all)
		r.verifyParts(id, all)
	}
}

func (r *rig) verifyPair(id media.TrackID, a, b live.Segment, first map[*live.Period]uint64) {
	r.t.Helper()
	step := b.Period.Sequence - a.Period.Sequence
	switch {
	case b.Number != a.Number+1 && b.Gap: // away for longer than a window
	case b.Number != a.Number+1, step > 1, (step == 0) != (a.Period == b.Period):
		r.t.Fatalf("%v: %s and then %s", id, describe(a), describe(b))
	case step == 1:
		if !a.Gap && b.Header.Track.Timescale == a.Header.Track.Timescale && b.Start < a.Start {
			r.t.Fatalf("%v: back from %s to %s", id, describe(a), describe(b))
		}
	case a.Gap && !b.Gap && first[a.Period] <= a.Number:
		r.t.Fatalf("%v: media behind a gap: %s and then %s", id, describe(a), describe(b))
	case b.Start < a.End(), !a.Gap && !b.Gap && b.Start != a.End():
		r.t.Fatalf("%v: a hole between %s and %s", id, describe(a), describe(b))
	}
}

// firstMedia returns the numbers with which periods have media. In front of them there
// may be gaps.
func (r *rig) firstMedia() map[*live.Period]uint64 {
	first := map[*live.Period]uint64{}
	for _, all := range r.listed {
		for _, seg := range all {
			if number, known := first[seg.Period]; !seg.Gap && (!known || seg.Number < number) {
				first[seg.Period] = seg.Number
			}
		}
	}
	return first
}

// verifyBytes reads segments back: their times are those listed, decode times
// rise, and no frame is there twice.
func (r *rig) verifyBytes(id media.TrackID, all []live.Segment) {
	r.t.Helper()
	last, frame := media.Ticks(0), uint64(0)
	for _, seg := range all {
		if seg.Gap {
			continue
		}
		samples, end, err := cmaf.ReadSegment(r.read(id, seg), id)
		if err != nil || len(samples) != seg.Frames || samples[0].DTS != seg.Start || end != seg.End() || samples[0].Key != seg.Independent {
			r.t.Fatalf("%v: %s holds %d samples to %d: %v", id, describe(seg), len(samples), end, err)
		}
		for _, s := range samples {
			number := frame + 1 // of silence, which nobody sent
			if len(s.Data) > len(silence) {
				number = binary.BigEndian.Uint64(s.Data[5:])
			}
			at := s.DTS.Rescale(seg.Timescale(), 90000)
			if at <= last || number <= frame {
				r.t.Fatalf("%v: %s: frame %d at %d after frame %d at %d", id, describe(seg), number, at, frame, last)
			}
			last = at
			if len(s.Data) > len(silence) {
				frame = number
			}
		}
	}
}

func (r *rig) read(id media.TrackID, seg live.Segment) []byte {
	r.t.Helper()
	return r.bytesOf("live/show/" + id.String() + "/" + seg.Name + ".m4s")
}

func (r *rig) bytesOf(name string) []byte {
	r.t.Helper()
	blob, err := r.environment(r.config).Store.Open(name)
	if err != nil {
		r.t.Fatal(err)
	}
	defer blob.Close()
	data, err := io.ReadAll(blob)
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}

// verifyNumbers checks that segments of equal numbers begin at the same time, within
// so much.
func (r *rig) verifyNumbers(most time.Duration) {
	r.t.Helper()
	starts := map[uint64]time.Time{}
	for id, all := range r.listed {
		for _, seg := range all {
			start := seg.Start.Time(seg.Timescale())
			if other, ok := starts[seg.Number]; ok && start.Sub(other).Abs() > most {
				r.t.Errorf("%v: %s begins at %v elsewhere", id, describe(seg), other.Sub(noon))
			}
			starts[seg.Number] = start
		}
	}
}

// verifyRetired checks, behind the end, that all blobs will be removed and none
// too early.
func (r *rig) verifyRetired() {
	r.t.Helper()
	if len(r.calendar) != len(r.disk.puts) {
		r.t.Fatalf("%d of %d blobs are retired", len(r.calendar), len(r.disk.puts))
	}
	for _, name := range r.disk.puts {
		if _, ok := r.calendar[name]; !ok {
			r.t.Fatalf("%s is never removed", name)
		}
	}
}

// lines returns how many lines of the log hold a text.
func (r *rig) lines(text string) int { return bytes.Count(r.log.Bytes(), []byte(text)) }

// frameCount returns how many frames of a track are listed.
func (r *rig) frameCount(id media.TrackID) int {
	n := 0
	for _, seg := range r.listed[id] {
		if !seg.Gap {
			n += seg.Frames
		}
	}
	return n
}

// shape returns a track's segments in short: "p0 2.000 2.000 gap1.500 | p1 2.000".
func (r *rig) shape(id media.TrackID) string {
	var b bytes.Buffer
	var period *live.Period
	for _, seg := range r.listed[id] {
		if seg.Period != period {
			if period != nil {
				b.WriteString(" | ")
			}
			fmt.Fprintf(&b, "p%d", seg.Period.Sequence)
			period = seg.Period
		}
		kind := " "
		if seg.Gap {
			kind = " gap"
		}
		fmt.Fprintf(&b, "%s%.2f", kind, seg.Length().Seconds())
	}
	return b.String()
}
