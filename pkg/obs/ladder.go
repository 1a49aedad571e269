package obs

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Rung is one video track of a ladder.
type Rung struct {
	Width, Height int // pixels
	Rate          Rate
	Bitrate       int // kb/s
}

// A Rate is frames a second, as a fraction.
type Rate struct {
	Numerator   int `json:"numerator"`
	Denominator int `json:"denominator"`
}

// The bounds of what a rung may have.
const (
	minSize, maxSize       = 64, 4096 // pixels: hardware encoders of H.264 end there
	minBitrate, maxBitrate = 50, 100_000
	maxRate                = 120
	defaultRate            = "30"
)

// parseLadder reads "1920x1080@60:6000,720p30:3000". An error names the rung.
func parseLadder(text string) ([]Rung, error) {
	words := strings.Split(text, ",")
	if len(words) > maxVideo {
		return nil, fmt.Errorf("%d rungs, and OBS has at most %d video encoders at once", len(words), maxVideo)
	}
	var ladder []Rung
	for i, word := range words {
		rung, err := parseRung(strings.TrimSpace(word))
		if err == nil && slices.Contains(ladder, rung) {
			err = errors.New("is there twice")
		}
		if err != nil {
			return nil, fmt.Errorf("rung %d, %q: %w", i+1, word, err)
		}
		ladder = append(ladder, rung)
	}
	fastest := slices.MaxFunc(ladder, func(a, b Rung) int {
		return a.Rate.Numerator*b.Rate.Denominator - b.Rate.Numerator*a.Rate.Denominator
	}).Rate
	for i, rung := range ladder {
		if err := rung.Rate.from(fastest); err != nil {
			return nil, fmt.Errorf("rung %d, %q: %w", i+1, words[i], err)
		}
	}
	return ladder, nil
}

// parseRung reads WIDTHxHEIGHT[@RATE]:KBPS, or HEIGHTp[RATE]:KBPS for a picture
// of 16:9.
func parseRung(text string) (Rung, error) {
	m := regexp.MustCompile(`^(?:(\d{1,5})x(\d{1,5})(?:@([\d.]+))?|(\d{1,5})p([\d.]*)):(\d{1,9})$`).FindStringSubmatch(text)
	if m == nil {
		return Rung{}, errors.New("is not like 1920x1080@60:6000 or 1080p60:6000 (kb/s behind the colon)")
	}
	rung := Rung{Width: number(m[1]), Height: number(m[2] + m[4]), Bitrate: number(m[6])}
	if m[4] != "" {
		rung.Width = 2 * ((rung.Height*16 + 9) / 18) // the nearest even number
	}
	var err error
	if rung.Rate, err = parseRate(m[3] + m[5]); err != nil {
		return Rung{}, err
	}
	return rung, rung.check()
}

// number returns the value of digits.
func number(digits string) int {
	n, _ := strconv.Atoi(digits) // of none it is 0
	return n
}

func parseRate(text string) (Rate, error) {
	switch text {
	case "":
		text = defaultRate
	case "23.976", "23.98":
		return Rate{24000, 1001}, nil
	case "29.97":
		return Rate{30000, 1001}, nil
	case "59.94":
		return Rate{60000, 1001}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxRate {
		return Rate{}, fmt.Errorf("the frame rate, %s, is not 1 to %d, 23.976, 29.97 or 59.94", text, maxRate)
	}
	return Rate{n, 1}, nil
}

func (r Rung) check() error {
	for _, size := range []struct {
		name   string
		pixels int
	}{{"width", r.Width}, {"height", r.Height}} {
		switch {
		case size.pixels < minSize || size.pixels > maxSize:
			return fmt.Errorf("the %s, %d, is not from %d to %d", size.name, size.pixels, minSize, maxSize)
		case size.pixels%2 != 0:
			return fmt.Errorf("the %s, %d, is odd", size.name, size.pixels)
		}
	}
	if r.Bitrate < minBitrate || r.Bitrate > maxBitrate {
		return fmt.Errorf("the bit rate, %d, is not from %d to %d kb/s", r.Bitrate, minBitrate, maxBitrate)
	}
	return nil
}

// from returns an error if the frames of a rung cannot be made from those of the
// fastest one, with key frames at the same times. OBS sends every n-th frame of
// its canvas. And it counts the frames between key frames in whole ones, cut off:
// of 59.94 a second 119, which is not twice the 59 of 29.97.
func (r Rate) from(fastest Rate) error {
	switch {
	case r == fastest:
		return nil
	case r.Denominator != 1 || fastest.Denominator != 1:
		return errors.New("23.976, 29.97 and 59.94 frames a second have their key frames at other times than any other rate")
	case fastest.Numerator%r.Numerator != 0:
		return fmt.Errorf("%d frames a second cannot be made of the %d of another rung by leaving out frames, as OBS does", r.Numerator, fastest.Numerator)
	}
	return nil
}
