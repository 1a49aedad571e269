package push

import (
	"bytes"
	_ "embed" // for the demo clip
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"
)

// demo is made by scripts/make-demo-clip.sh.
//
//go:embed demo.flv
var demo []byte

// A Clip is a piece of H.264 video, AAC audio or both. It is immutable, and any
// number of publishers share its bytes.
type Clip struct {
	video    *video   // nil without
	audio    *audio   // nil without
	pictures []sample // in decode order; the first sample of all is at 0
	sounds   []sample
	period   time.Duration
}

// video is what a decoder and onMetaData need to know of the video.
type video struct {
	config        []byte // the parameter sets as Annex B NAL units
	width, height int
	frameRate     float64
}

// audio is what a decoder and onMetaData need to know of the audio.
type audio struct {
	config     []byte // AudioSpecificConfig
	sampleRate int    // of the core decoder, in which frames are counted
	channels   int    // 0 when the configuration does not say
	frame      time.Duration
}

// A sample is one access unit of the clip.
type sample struct {
	video    bool
	key      bool
	dts, pts time.Duration
	data     []byte // Annex B NAL units, or the body of an FLV audio tag
}

// Open reads a clip from an FLV or MP4 file; its first bytes tell which. The
// whole clip is held in memory.
func Open(path string) (*Clip, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	clip, err := parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return clip, nil
}

// Demo returns the clip that is built in: ten seconds of 640x360 video at 30
// frames a second, a key frame every two seconds, with stereo sound, made to be
// looped.
func Demo() (*Clip, error) { return parse(demo) }

// Duration returns how long the clip is, which is also how long a loop takes.
func (c *Clip) Duration() time.Duration { return c.period }

// parse reads a file. It does not change it.
func parse(file []byte) (clip *Clip, err error) {
	defer func() {
		if r := recover(); r != nil {
			clip, err = nil, fmt.Errorf("damaged file: %v", r)
		}
	}()
	switch {
	case bytes.HasPrefix(file, []byte("FLV")):
		return parseFLV(file)
	case len(file) > 12 && string(file[4:8]) == "ftyp":
		return parseMP4(file)
	}
	return nil, errors.New("neither an FLV nor an MP4 file")
}

// newClip finishes a clip. Each track is in decode order; its configuration is
// nil if there is none.
func newClip(v *video, pictures []sample, a *audio, sounds []sample) (*Clip, error) {
	first := slices.IndexFunc(pictures, func(s sample) bool { return s.key })
	if first < 0 {
		first = len(pictures)
	}
	c := &Clip{pictures: pictures[first:], sounds: sounds}
	if len(c.pictures) > 0 {
		c.video = v
		v.frameRate = frameRate(c.pictures)
		c.period = time.Duration(float64(len(c.pictures)) / v.frameRate * float64(time.Second))
	}
	if n := len(c.sounds); n > 0 {
		c.audio = a
		if c.video == nil {
			c.period = sounds[n-1].dts + a.frame - sounds[0].dts
		}
	}
	if c.period <= 0 {
		return nil, errors.New("no H.264 or AAC in it that can be played")
	}
	c.shift(-c.start())
	return c, nil
}

// start returns the time of the first sample.
func (c *Clip) start() time.Duration {
	start := time.Duration(math.MaxInt64)
	for _, track := range [][]sample{c.pictures, c.sounds} {
		if len(track) > 0 {
			start = min(start, track[0].dts)
		}
	}
	return start
}

func (c *Clip) shift(by time.Duration) {
	for _, track := range [][]sample{c.pictures, c.sounds} {
		for i := range track {
			track[i].dts += by
			track[i].pts += by
		}
	}
}

// frameRate returns how many frames there are in a second. Times in FLV are in
// milliseconds: a whole rate, or one of NTSC's, is preferred where they allow it.
// A still picture is held for a second.
func frameRate(frames []sample) float64 {
	n := len(frames)
	span := frames[n-1].dts - frames[0].dts
	if n < 2 || span <= 0 {
		return 1
	}
	mean := float64(n-1) / span.Seconds()
	for _, rate := range []float64{math.Round(mean), math.Round(mean) * 1000 / 1001} {
		if math.Abs(float64(n-1)/rate-span.Seconds()) <= 0.001 {
			return rate
		}
	}
	return mean
}
