package stream_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sluice/pkg/media"
)

// A hostile publisher sends whatever its dice say.
type hostile struct {
	*rig
	dice  *rand.Rand
	ms    int            // since noon
	clock map[byte]int   // the publisher's time less ours, by kind of track
	next  map[byte]int   // when the next frame is due
	still map[byte]int   // until when nothing is sent
	unit  map[byte][]int // a fraction that its time runs at
	gop   int
	sent  int
}

func newHostile(t *testing.T, seed uint64) *hostile {
	h := &hostile{
		rig: newRig(t), dice: rand.New(rand.NewPCG(seed, 3)), clock: map[byte]int{}, next: map[byte]int{}, still: map[byte]int{},
		unit: map[byte][]int{'v': {1, 1}, 'a': {1, 1}}, gop: 20,
	}
	h.promised = nil // a track that falls silent does not know of the period that begins meanwhile
	h.publish()
	if h.dice.IntN(4) > 0 {
		h.pub.WriteMetadata(media.Metadata{HasVideo: true, HasAudio: true})
	}
	return h
}

// misbehave does something that no publisher should.
func (h *hostile) misbehave() {
	kind := "va"[h.dice.IntN(2)]
	switch h.dice.IntN(12) {
	case 0: // one track's clock jumps
		h.clock[kind] += h.dice.IntN(2_000_000) - 1_000_000
	case 1: // both jump
		jump := h.dice.IntN(200_000) - 100_000
		h.clock['v'] += jump
		h.clock['a'] += jump
	case 2: // a small step
		h.clock[kind] += h.dice.IntN(4000) - 2000
	case 3:
		h.still[kind] = h.ms + h.dice.IntN(15000)
	case 4:
		pause := h.dice.IntN(20000)
		h.ms += pause
	case 5:
		h.declare(video(byte(0xc0 + h.dice.IntN(3))))
	case 6:
		h.declare(audio([]uint32{8000, 48000}[h.dice.IntN(2)]))
	case 7:
		h.gop = []int{1, 7, 20, 33, 300, 100000}[h.dice.IntN(6)]
	case 8: // times in the wrong unit
		h.unit[kind] = [][]int{{1, 1}, {48, 1}, {1, 10}, {-1, 1}, {0, 1}}[h.dice.IntN(5)]
	case 9: // a stall of the network, and then a burst
		h.ms += h.dice.IntN(3000)
		h.next['v'] -= 1000
		h.next['a'] -= 1000
	default:
		h.unit = map[byte][]int{'v': {1, 1}, 'a': {1, 1}}
	}
}

func (h *hostile) step() {
	h.ms += h.dice.IntN(40)
	h.at(h.ms)
	for _, kind := range []byte("va") {
		if h.ms < h.next[kind] || h.ms < h.still[kind] {
			continue
		}
		h.next[kind] = h.ms + 100
		at := h.ms*h.unit[kind][0]/h.unit[kind][1] + h.clock[kind] + h.dice.IntN(20)
		h.sent++
		if kind == 'v' {
			h.send(v0, at, h.sent%h.gop == 0)
		} else {
			h.send(a0, at, true)
		}
	}
}

// TestHostilePublishers plays nonsense and then something sane. What holds for
// every stream must hold throughout, and sane media must come out again, those of equal
// numbers at the same time.
func TestHostilePublishers(t *testing.T) {
	const batches = 4
	for batch := range uint64(batches) {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			t.Parallel()
			for seed := batch; seed < hostileSeeds; seed += batches {
				playNonsense(t, seed)
			}
		})
	}
}

// playNonsense plays that which a seed gives.
func playNonsense(t *testing.T, seed uint64) {
	t.Helper()
	h := newHostile(t, seed)
	h.declare(video(0xc0))
	if h.dice.IntN(5) > 0 {
		h.declare(audio(8000))
	}
	for range 400 {
		h.step()
		if h.dice.IntN(30) == 0 {
			h.misbehave()
		}
	}
	h.declare(video(0xcf), audio(8000))
	before := map[media.TrackID]int{v0: h.frameCount(v0), a0: h.frameCount(a0)}
	h.play(source{fps: 10, gop: 20, rate: 8000, ahead: 77}, h.ms+50, h.ms+40050)
	for id, n := range before {
		if got := h.frameCount(id) - n; got < 100 {
			t.Fatalf("seed %d: %d frames of %v came out of 40 s: video %s, audio %s", seed, got, id, h.shape(v0), h.shape(a0))
		}
	}
	h.close()
	h.verify()
	h.verifyRetired()
	for id, all := range h.listed {
		h.listed[id] = all[max(len(all)-8, 0):]
	}
	h.verifyNumbers(200 * time.Millisecond)
	if t.Failed() {
		t.Fatalf("seed %d", seed)
	}
	if end := h.now.Add(time.Hour); h.snapshot().Published.After(end) {
		t.Fatalf("seed %d: published at %v", seed, h.snapshot().Published)
	}
}
