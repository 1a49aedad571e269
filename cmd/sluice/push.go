package main

import (
	"context"
	"errors"

	"github.com/rs/zerolog"

	"sluice/pkg/config"
	"sluice/pkg/push"
)

type pushCommand struct {
	File  string `arg:"" help:"FLV or MP4 file with H.264 and AAC." type:"existingfile"`
	URL   string `arg:"" name:"url" help:"Where to publish: rtmp://host[:port]/app/name[?query], or the same with rtmps://."`
	Loop  bool   `help:"Begin again at the end of the file."`
	Count int    `help:"Publish so many times at once, as name, name-2, name-3 and so on." default:"1"`
}

// Validate implements kong's check of arguments.
func (c *pushCommand) Validate() error {
	if c.Count < 1 {
		return errors.New("--count must be at least 1")
	}
	if c.URL == "" {
		return nil // kong says that it is missing
	}
	return push.CheckURL(c.URL)
}

// Run publishes the file until its end, or until ctx ends.
func (c *pushCommand) Run(ctx context.Context, t terminal) error {
	clip, err := push.Open(c.File)
	if err != nil {
		return err
	}
	log := newLogger(config.Log{Level: zerolog.InfoLevel, Format: config.Console}, t)
	return unlessStopped(ctx, clip.RunMany(ctx, c.URL, c.Count, push.Options{Loop: c.Loop, Log: log}))
}
