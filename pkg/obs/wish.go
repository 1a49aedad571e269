package obs

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// What a Wish that says nothing gets.
const (
	// DefaultLadder has 30 frames a second because OBS can send them from a
	// canvas of 30 as of 60, and three pictures of 60 are much for a processor
	// that also makes them. The bit rates double at each step, which is what
	// players switch by, and take 10.4 Mb/s together.
	DefaultLadder = "1080p30:6000,720p30:3000,480p30:1200"

	DefaultEncoder = "x264"
	DefaultAudio   = "160"
)

// The most that OBS takes (MAX_OUTPUT_VIDEO_ENCODERS and
// MAX_OUTPUT_AUDIO_ENCODERS of libobs; newer ones take more video). One audio
// track is kept for VOD.
const (
	maxVideo = 6
	maxAudio = 6 - 1
)

// A Wish is what somebody would like OBS to encode, in words. What is empty is
// the default.
type Wish struct {
	Ladder  string // "1920x1080@60:6000,720p30:3000": a rung for each video track
	Encoder string // one of Encoders, or the id of an encoder of OBS
	Audio   string // "160" or "160,64": kb/s for each audio track
}

// An Encoding is what OBS is to encode.
type Encoding struct {
	Ladder  []Rung
	Encoder Encoder
	Audio   []int // kb/s, for each audio track
}

// Parse returns what is wished for. An error names the part of the wish, and
// what is wrong with it.
func (w Wish) Parse() (e Encoding, err error) {
	if e.Ladder, err = parseLadder(cmp.Or(w.Ladder, DefaultLadder)); err != nil {
		return Encoding{}, fmt.Errorf("ladder: %w", err)
	}
	if e.Encoder, err = parseEncoder(cmp.Or(w.Encoder, DefaultEncoder)); err != nil {
		return Encoding{}, fmt.Errorf("encoder: %w", err)
	}
	if e.Audio, err = parseAudio(cmp.Or(w.Audio, DefaultAudio)); err != nil {
		return Encoding{}, fmt.Errorf("audio: %w", err)
	}
	return e, nil
}

func parseAudio(text string) ([]int, error) {
	words := strings.Split(text, ",")
	if len(words) > maxAudio {
		return nil, fmt.Errorf("%d tracks, of which OBS can send %d", len(words), maxAudio)
	}
	var all []int
	for _, word := range words {
		bitrate, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || bitrate < 32 || bitrate > 512 {
			return nil, fmt.Errorf("%q is not a bit rate from 32 to 512 (kb/s)", word)
		}
		all = append(all, bitrate)
	}
	return all, nil
}
