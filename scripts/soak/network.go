package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// A network is what lies between one publisher and the gateway.
type network struct {
	name  string
	proxy *toxiproxy.Proxy
	busy  chan struct{} // holds one while something is wrong
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
		n := &network{name: r.network, proxy: toxiproxy.NewProxy(server, r.network, address, upstream), busy: make(chan struct{}, 1)}
		if err := n.proxy.Start(); err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

// address returns where the publisher connects.
func (n *network) address() string { return n.proxy.Listen }

// A toxic is what toxiproxy adds to one direction of a network.
type toxic struct{ kind, direction, attributes string }

// with runs f while toxics are there. Connections may not survive their end.
func (n *network) with(ctx context.Context, toxics []toxic, f func()) error {
	for i, t := range toxics {
		text := fmt.Sprintf(`{"name":"t%d","type":%q,"stream":%q,"attributes":{%s}}`, i, t.kind, t.direction, t.attributes)
		if err := bounded(func() error {
			_, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(text))
			return err
		}); err != nil {
			return err
		}
	}
	f()
	for i := range toxics {
		if err := bounded(func() error { return n.proxy.Toxics.RemoveToxic(ctx, fmt.Sprintf("t%d", i)) }); err != nil {
			return err
		}
	}
	return nil
}

// cut breaks the connection; for a while no new one is accepted.
func (n *network) cut(ctx context.Context, d time.Duration) error {
	if err := n.stop(); err != nil {
		return err
	}
	pause(ctx, d)
	return bounded(n.proxy.Start)
}

// stop closes the proxy and its connections.
func (n *network) stop() error {
	return bounded(func() error {
		n.proxy.Stop()
		return nil
	})
}

// bounded waits for f for some seconds. toxiproxy can hang for good when a toxic
// goes while a connection ends: its network stays as it is then, which is no fault
// of the gateway's.
func bounded(f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(5 * time.Second):
		return nil
	}
}

// stall lets almost nothing through for a while, then all that waited.
func (n *network) stall(ctx context.Context, d time.Duration) error {
	return n.with(ctx, []toxic{{"bandwidth", "upstream", `"rate":1`}}, func() { pause(ctx, d) })
}

// slow lets less through than the publisher sends, late and in pieces.
func (n *network) slow(ctx context.Context, d time.Duration) error {
	return n.with(ctx, []toxic{
		{"bandwidth", "upstream", `"rate":25`},
		{"latency", "upstream", `"latency":200,"jitter":150`},
		{"slicer", "upstream", `"average_size":300,"size_variation":100,"delay":200`},
	}, func() { pause(ctx, d) })
}

// halfOpen swallows everything, in both directions: each side sees a connection
// on which nothing comes.
func (n *network) halfOpen(ctx context.Context, d time.Duration) error {
	return n.with(ctx, []toxic{{"timeout", "upstream", `"timeout":0`}, {"timeout", "downstream", `"timeout":0`}}, func() { pause(ctx, d) })
}

// reset ends the publisher's connection with RST. That is a property which only
// connections have that began under the toxic, so the old one is cut before.
// At first it does nothing: its toxicity is 0.
func (n *network) reset(ctx context.Context, d time.Duration) error {
	dormant := `{"name":"reset","type":"reset_peer","stream":"upstream","toxicity":0,"attributes":{"timeout":0}}`
	if _, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(dormant)); err != nil {
		return err
	}
	if err := n.cut(ctx, 100*time.Millisecond); err != nil {
		return err
	}
	pause(ctx, d)
	if _, err := n.proxy.Toxics.UpdateToxicJson("reset", strings.NewReader(`{"toxicity":1,"attributes":{"timeout":0}}`)); err != nil {
		return err
	}
	pause(ctx, time.Second)
	return bounded(func() error { return n.proxy.Toxics.RemoveToxic(ctx, "reset") })
}
