package monitor

import (
	"slices"
	"time"
)

// A Sample is what a stream was like at a time.
type Sample struct {
	Time      time.Time `json:"time"`
	Bitrate   int       `json:"bitrate" doc:"of all tracks, in bits a second"`
	FrameRate float64   `json:"frameRate" doc:"of the first track of video, in frames a second"`
	Viewers   int       `json:"viewers"`
}

// kept is how many samples are kept of a stream: those of five minutes.
const kept = 150

// samples are the newest ones.
type samples struct {
	ring []Sample
	next int // where the next one goes when the ring is full
}

func (s *samples) add(one Sample) {
	if len(s.ring) < kept {
		s.ring = append(s.ring, one)
		return
	}
	s.ring[s.next] = one
	s.next = (s.next + 1) % kept
}

func (s *samples) all() []Sample { return slices.Concat(s.ring[s.next:], s.ring[:s.next]) }
