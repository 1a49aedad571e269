package gateway

import (
	"fmt"
	"net"
	"slices"

	"github.com/coreos/go-systemd/v22/activation"
)

// listen opens the sockets. One that systemd passes by the name of its protocol
// (FileDescriptorName=) is taken instead of a new one: it was there before the
// gateway, and stays when that is gone, so that nobody is refused meanwhile.
func (g *Gateway) listen() error {
	given, err := passed()
	if err != nil {
		return err
	}
	if g.rtmp, err = listenAt(g.config.RTMP.Address, given["rtmp"]); err != nil {
		return g.config.Fault("rtmp.address", err)
	}
	if g.http, err = listenAt(g.config.HTTP.Address, given["http"]); err != nil {
		return g.config.Fault("http.address", err)
	}
	if g.config.API.Address != "" {
		if g.api, err = net.Listen("tcp", g.config.API.Address); err != nil {
			return g.config.Fault("api.address", err)
		}
	}
	return g.listenTLS(given)
}

func listenAt(address string, given net.Listener) (net.Listener, error) {
	if given != nil {
		return given, nil
	}
	return net.Listen("tcp", address)
}

// passed returns the sockets that systemd has passed, by their names.
func passed() (map[string]net.Listener, error) {
	all, err := activation.ListenersWithNames()
	if err != nil {
		return nil, fmt.Errorf("sockets of systemd: %w", err)
	}
	given := make(map[string]net.Listener)
	for name, listeners := range all {
		if !slices.Contains([]string{"rtmp", "http", "rtmps", "https"}, name) || len(listeners) != 1 {
			return nil, fmt.Errorf("sockets of systemd: %d with FileDescriptorName=%s; there can be one each of rtmp, http, rtmps and https", len(listeners), name)
		}
		given[name] = listeners[0]
	}
	return given, nil
}
