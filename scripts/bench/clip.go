package main

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// What every publisher sends: 720p30 at 2.6 Mb/s, with a key frame every two seconds, and
// sound at 128 kb/s.
const (
	period    = 2 * time.Second
	pictures  = 60
	keySize   = 120 << 10
	frameSize = 8300 // give or take a quarter
	soundSize = 341
	soundRate = 48000
	soundStep = 1024 // samples of a frame

	// chunkSize is that of OBS.
	chunkSize = 4096
)

// Kinds of RTMP messages.
const (
	kindSetChunkSize = 1
	kindAudio        = 8
	kindVideo        = 9
	kindCommand      = 20
)

// A clip is one period of what is published, over and over.
type clip struct {
	headers []message // configurations
	frames  []message // in order
	epoch   time.Time // what stamps count from
}

// A message is one that is sent at a time, in chunks but for its first header.
type message struct {
	at    time.Duration
	kind  byte
	stamp int // where its stamp is in body, which is in its first chunk; 0 if it has none
	size  int
	body  []byte // behind the first header
}

// newClip makes the clip. Its pictures cannot be decoded: no server that is
// measured here does that.
func newClip() *clip {
	dice := rand.New(rand.NewPCG(1, 2))
	c := &clip{epoch: time.Now(), headers: []message{
		newMessage(0, kindVideo, append([]byte{0x17, 0, 0, 0, 0}, avcConfig()...)),
		newMessage(0, kindAudio, []byte{0xaf, 0, 0x11, 0x90}),
	}}
	step := period / pictures
	sounds := 0
	for i := range pictures {
		at := time.Duration(i) * step
		c.frames = append(c.frames, picture(dice, at, i == 0))
		for ; soundAt(sounds) < at+step && soundAt(sounds) < period; sounds++ {
			c.frames = append(c.frames, sound(dice, soundAt(sounds)))
		}
	}
	return c
}

func soundAt(n int) time.Duration { return time.Duration(n) * soundStep * time.Second / soundRate }

// picture makes a message of video with one NAL unit.
func picture(dice *rand.Rand, at time.Duration, key bool) message {
	size, first, unit := frameSize*3/4+dice.IntN(frameSize/2), byte(0x27), byte(0x41)
	if key {
		size, first, unit = keySize, 0x17, 0x65
	}
	body := make([]byte, 9+size)
	fillRandom(dice, body[9:])
	body[0], body[1] = first, 1
	binary.BigEndian.PutUint32(body[5:], uint32(size))
	body[9] = unit
	copy(body[10:], mark)
	m := newMessage(at, kindVideo, body)
	m.stamp = 10 + len(mark)
	return m
}

// sound makes a message of sound with one frame.
func sound(dice *rand.Rand, at time.Duration) message {
	body := make([]byte, 2+soundSize)
	fillRandom(dice, body[2:])
	body[0], body[1] = 0xaf, 1
	copy(body[2:], mark)
	m := newMessage(at, kindAudio, body)
	m.stamp = 2 + len(mark)
	return m
}

// size returns how many bytes a clip is.
func (c *clip) size() (n int64) {
	for _, f := range c.frames {
		n += int64(f.size)
	}
	return n
}

// due returns how many frames are to be sent in a time.
func (c *clip) due(in time.Duration) float64 {
	return float64(len(c.frames)) * in.Seconds() / period.Seconds()
}

// fillRandom fills b with bytes that need no emulation prevention.
func fillRandom(dice *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(dice.IntN(255)) + 1
	}
}

// avcConfig returns an AVCDecoderConfigurationRecord for 1280x720, High profile.
func avcConfig() []byte {
	return []byte{
		1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 25,
		0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x6c, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x1e, 0x07, 0x8c, 0x18, 0xcb,
		1, 0, 6, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0,
	}
}
