package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// A network is what lies between one publisher and the gateway.
type network struct {
	name     string
	address  string // where the publisher connects
	upstream string // the gateway
	server   *toxiproxy.ApiServer
	proxy    *toxiproxy.Proxy
	busy     chan struct{} // holds one while something is wrong
}

// A toxic is what toxiproxy does to one direction of a network.
type toxic struct{ name, kind, direction, attributes string }

// toxics are there from the beginning, and do nothing while their toxicity is 0:
// toxiproxy can hang or panic when one comes or goes while a connection ends.
func toxics() []toxic {
	return []toxic{
		{"stall", "bandwidth", "upstream", `"rate":1`},
		{"narrow", "bandwidth", "upstream", `"rate":25`},
		{"late", "latency", "upstream", `"latency":200,"jitter":150`},
		{"pieces", "slicer", "upstream", `"average_size":300,"size_variation":100,"delay":200`},
		{"mute up", "timeout", "upstream", `"timeout":0`},
		{"mute down", "timeout", "downstream", `"timeout":0`},
	}
}

// newNetworks builds a network for each role.
func newNetworks(roles []role, upstream string) ([]*network, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	var all []*network
	for _, r := range roles {
		address, err := freeAddress()
		if err != nil {
			return nil, err
		}
		n := &network{name: r.network, address: address, upstream: upstream, server: server, busy: make(chan struct{}, 1)}
		if err := n.open(); err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

// open makes the network's proxy, without connections.
func (n *network) open() error {
	n.proxy = toxiproxy.NewProxy(n.server, n.name, n.address, n.upstream)
	for _, t := range toxics() {
		if err := n.add(t); err != nil {
			return err
		}
	}
	return n.proxy.Start()
}

// close closes the proxy and its connections.
func (n *network) close() error {
	return bounded(func() error {
		n.proxy.Stop()
		return nil
	})
}

// add adds a toxic that does nothing yet. There must be no connections.
func (n *network) add(t toxic) error {
	text := fmt.Sprintf(`{"name":%q,"type":%q,"stream":%q,"toxicity":0,"attributes":{%s}}`, t.name, t.kind, t.direction, t.attributes)
	_, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(text))
	return err
}

// turn has toxics do all they can, or nothing. toxiproxy can hang for good when a
// connection ends meanwhile: the network is another one then.
func (n *network) turn(on bool, names ...string) error {
	toxicity := 0
	if on {
		toxicity = 1
	}
	for _, name := range names {
		err := bounded(func() error {
			_, err := n.proxy.Toxics.UpdateToxicJson(name, strings.NewReader(fmt.Sprintf(`{"toxicity":%d}`, toxicity)))
			return err
		})
		switch {
		case errors.Is(err, errHangs):
			return errors.Join(n.close(), n.open())
		case err != nil:
			return err
		}
	}
	return nil
}

// with has toxics at work for a while.
func (n *network) with(ctx context.Context, d time.Duration, names ...string) error {
	if err := n.turn(true, names...); err != nil {
		return err
	}
	pause(ctx, d)
	return n.turn(false, names...)
}

// cut breaks the connection; for a while no new one is accepted.
func (n *network) cut(ctx context.Context, d time.Duration) error {
	return n.away(ctx, d, func() error { return nil })
}

// away closes the proxy and its connections for a while, and then does something
// while there are none.
func (n *network) away(ctx context.Context, d time.Duration, f func() error) error {
	if err := n.close(); err != nil {
		return err
	}
	pause(ctx, d)
	if err := f(); err != nil {
		return err
	}
	if n.proxy.Enabled { // turn has opened it
		return nil
	}
	return n.proxy.Start()
}

var errHangs = errors.New("toxiproxy hangs")

// bounded waits for what toxiproxy does for some seconds.
func bounded(f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(5 * time.Second):
		return errHangs
	}
}

// stall lets almost nothing through for a while, then all that waited.
func (n *network) stall(ctx context.Context, d time.Duration) error {
	return n.with(ctx, d, "stall")
}

// slow lets less through than the publisher sends, late and in pieces.
func (n *network) slow(ctx context.Context, d time.Duration) error {
	return n.with(ctx, d, "narrow", "late", "pieces")
}

// halfOpen swallows everything, in both directions: each side sees a connection
// on which nothing comes. It ends with that.
func (n *network) halfOpen(ctx context.Context, d time.Duration) error {
	if err := n.turn(true, "mute up", "mute down"); err != nil {
		return err
	}
	pause(ctx, d)
	return n.away(ctx, moment, func() error { return n.turn(false, "mute up", "mute down") })
}

// moment is what connections need to end.
const moment = 100 * time.Millisecond

// reset ends the publisher's connection with RST. That is a property which only
// connections have that began with such a toxic, so the old one is cut before.
func (n *network) reset(ctx context.Context, d time.Duration) error {
	begin := func() error { return n.add(toxic{"reset", "reset_peer", "upstream", `"timeout":0`}) }
	if err := n.away(ctx, moment, begin); err != nil {
		return err
	}
	pause(ctx, d)
	if err := n.turn(true, "reset"); err != nil {
		return err
	}
	pause(ctx, time.Second)
	return n.away(ctx, moment, func() error {
		if n.proxy.Toxics.GetToxic("reset") == nil { // turn has made another proxy
			return nil
		}
		return bounded(func() error { return n.proxy.Toxics.RemoveToxic(ctx, "reset") })
	})
}
