package gateway

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"sluice/pkg/config"
	"sluice/pkg/hooks"
	"sluice/pkg/rtmp"
	"sluice/pkg/stream"
	"sluice/pkg/timeline"
)

// tellingIn is how long a stop waits for receivers when the last publisher has gone.
const tellingIn = 2 * time.Second

// receivers are the programs that are told what happens to streams.
type receivers []*hooks.Receiver

// openReceivers makes them.
func (g *Gateway) openReceivers() error {
	for i, c := range g.config.Webhooks {
		h := newHook(c.URL, c.Format, c.Timeout)
		if err := g.useSecret("webhooks", c.SecretFile, h); err != nil {
			return err
		}
		log := g.log.With().Int("webhook", i+1).Str("host", host(c.URL)).Logger()
		g.receivers = append(g.receivers, hooks.NewReceiver(h, c.Events, log))
	}
	return nil
}

// host returns that of a URL, which may be known: there may be a secret in all the rest.
func host(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host
}

func newHook(address string, format config.WebhookFormat, limit time.Duration) *hooks.Hook {
	return &hooks.Hook{URL: address, Format: hooks.Format(format), Limit: limit, Client: hooks.NewClient(), Now: time.Now}
}

// useSecret gives a hook the secret in a file, if there is one.
func (g *Gateway) useSecret(key, path string, h *hooks.Hook) error {
	if path == "" {
		return nil
	}
	return g.useFile(key, path, func(text []byte) (err error) {
		h.Secret, err = hooks.ParseSecret(text)
		return err
	})
}

// Observe implements stream.Observer.
func (r receivers) Observe(e stream.Event) {
	if len(r) == 0 {
		return
	}
	told := eventOf(e)
	for _, receiver := range r {
		receiver.Tell(told)
	}
}

// run sends events until ctx ends, and then what is left, until late ends.
func (r receivers) run(ctx, late context.Context) {
	var running sync.WaitGroup
	for _, receiver := range r {
		running.Go(func() { receiver.Run(ctx, late) })
	}
	running.Wait()
}

// Tally implements metrics.Webhooks.
func (r receivers) Tally() (sum hooks.Tally) {
	for _, receiver := range r {
		t := receiver.Tally()
		sum.Delivered += t.Delivered
		sum.Retried += t.Retried
		sum.Failed += t.Failed
		sum.Dropped += t.Dropped
		sum.Waiting += t.Waiting
	}
	return sum
}

// eventOf returns an event as receivers are told of it.
func eventOf(e stream.Event) hooks.Event {
	d := hooks.Details{App: e.Name.App, Name: e.Name.Key, Publisher: partyOf(e.Publisher), Standby: e.Standby, InsteadOf: partyOf(e.Before), Reason: reasonOf(e.Cause)}
	for _, t := range e.Tracks {
		d.Tracks = append(d.Tracks, hooks.Track{
			ID: t.ID.String(), Codec: t.Codec.String(), Codecs: t.Codecs, Width: t.Width, Height: t.Height, FrameRate: t.FrameRate.Float(),
			SampleRate: t.SampleRate, Channels: t.Channels, Language: t.Title.Language, Title: t.Title.Name,
		})
	}
	for kind, n := range e.Repairs {
		if n > 0 {
			if d.Repairs == nil {
				d.Repairs = make(map[string]uint64)
			}
			d.Repairs[timeline.Repair(kind).String()] = n
		}
	}
	if e.Kind == stream.EventUnpublish || e.Kind == stream.EventEnd {
		d.Sum = &hooks.Sum{Duration: e.Lasted.Seconds(), Bytes: e.Bytes}
	}
	who := hooks.Publisher{URL: e.Publisher.URL, Encoder: e.Publisher.Encoder, Remote: e.Publisher.Remote.Addr(), Conn: e.Publisher.Conn}
	return hooks.Event{Kind: string(e.Kind), Time: e.Time, Details: d, Publisher: who}
}

// partyOf returns who publishes, nil for nobody.
func partyOf(p stream.Publisher) *hooks.Party {
	if p == (stream.Publisher{}) {
		return nil
	}
	return &hooks.Party{Remote: p.Remote.Addr().String(), Conn: p.Conn, Encoder: p.Encoder}
}

// reasonOf returns the word for what ended or changed something, or else what the error says.
func reasonOf(cause error) string {
	if cause == nil {
		return ""
	}
	for _, known := range []struct {
		err  error
		word string
	}{
		{rtmp.ErrUnpublished, "unpublished"},
		{rtmp.ErrDisconnected, "disconnected"},
		{rtmp.ErrTimeout, "timeout"},
		{rtmp.ErrServerClosed, "stopped"},
		{stream.ErrKicked, "operator"},
		{stream.ErrTakenOver, "replaced"},
		{stream.ErrGone, "gone"},
		{stream.ErrSilent, "silent"},
		{stream.ErrAbandoned, "abandoned"},
		{stream.ErrAhead, "ahead"},
		{stream.ErrOtherKind, "changed"},
	} {
		if errors.Is(cause, known.err) {
			return known.word
		}
	}
	return cause.Error()
}

// publisherOf returns who asks to publish, as everybody may know.
func publisherOf(req *rtmp.Request) stream.Publisher {
	const longest = 256 // bytes of what the publisher says of itself
	clip := func(s string) string { return s[:min(len(s), longest)] }
	p := stream.Publisher{Remote: req.Remote, Conn: req.Conn, Encoder: clip(req.Encoder)}
	if u, err := url.Parse(req.TCURL); err == nil {
		p.URL = clip((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
	}
	return p
}
