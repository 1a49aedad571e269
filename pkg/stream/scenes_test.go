package stream_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestScenes has an encoder make key frames where scenes begin, as x264 does by default. Segments
// are then cut by force, also where sound has not come so far or ends a little sooner: nothing of
// it is lost, and no period begins.
func TestScenes(t *testing.T) {
	for seed, c := range []struct{ fps, rate, ahead int }{
		{25, 48000, 0},
		{30, 48000, 0},
		{50, 48000, 0},
		{60, 48000, 0},
		{60, 44100, 0},
		{30, 24000, 0},
		{30, 8000, 0},
		{30, 48000, 60},
		{60, 48000, -60},
	} {
		t.Run(fmt.Sprintf("%d fps, %d Hz, %d ms ahead", c.fps, c.rate, c.ahead), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, lingering)
			r.publish(video(1), audio(uint32(c.rate)))
			random := rand.New(rand.NewPCG(uint64(seed), 2))
			next, frame := 0, 0
			for i := range c.fps * 300 {
				ms := i * 1000 / c.fps
				r.at(ms)
				if i == next {
					next += c.fps/2 + random.IntN(c.fps*7/2)
					r.send(v0, ms, true)
				} else {
					r.send(v0, ms, false)
				}
				for ; frame*1024000/c.rate <= ms+c.ahead; frame++ {
					r.send(a0, frame*1024000/c.rate, true)
				}
			}
			r.close()
			r.verify()
			for _, shape := range []string{r.shape(v0), r.shape(a0)} {
				if strings.Contains(shape, "p1") || strings.Contains(shape, "gap") {
					t.Error(shape)
				}
			}
		})
	}
}
