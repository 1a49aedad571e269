package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"sluice/pkg/config"
	"sluice/pkg/gateway"
	"sluice/pkg/obs"
)

type obsCommand struct {
	Name    string `arg:"" name:"app/name" help:"Where to publish, such as live/show."`
	Ladder  string `help:"Video tracks: WIDTHxHEIGHT[@RATE]:KBPS or HEIGHTp[RATE]:KBPS, with commas between." default:"${obs_ladder}"`
	Encoder string `help:"What encodes them: ${obs_encoders}, or the id of an encoder of OBS." default:"${obs_encoder}"`
	Audio   string `help:"Audio tracks, of the same sound: KBPS, with commas between." default:"${obs_audio}"`
	Host    string `help:"Where OBS reaches the gateway (default: rtmp.address, or localhost where that names no host)." placeholder:"HOST[:PORT]"`
	Config  string `help:"Configuration file (default: ${default_config} if there is one)." placeholder:"FILE"`
}

// obsVars are what the help of obsCommand names.
func obsVars() map[string]string {
	return map[string]string{
		"obs_ladder": obs.DefaultLadder, "obs_encoder": obs.DefaultEncoder, "obs_audio": obs.DefaultAudio,
		"obs_encoders": strings.Join(obs.Encoders(), ", "),
	}
}

// Help is for kong.
func (*obsCommand) Help() string {
	return "OBS 30.2 and later take the text, which is printed, at Settings, Stream, Custom, as the Config Override of " +
		"multitrack video. Before OBS 32.0.2 that is shown only by obs --enable-multitrack-video-dev."
}

func (c *obsCommand) wish() obs.Wish {
	return obs.Wish{Ladder: c.Ladder, Encoder: c.Encoder, Audio: c.Audio}
}

// Validate implements kong's check of arguments.
func (c *obsCommand) Validate() error {
	if c.Name == "" {
		return nil // kong says that it is missing
	}
	if err := gateway.CheckName(c.Name); err != nil {
		return err
	}
	_, err := c.wish().Parse()
	return err
}

// Run prints what OBS takes as "Config Override".
func (c *obsCommand) Run(t terminal) error {
	cfg, err := config.Load(c.Config, os.Environ())
	if err == nil {
		err = cfg.Validate()
	}
	if err != nil {
		return err
	}
	in, err := c.ingest(cfg)
	if err != nil {
		return err
	}
	encoding, err := c.wish().Parse()
	if err != nil {
		return err
	}
	text, err := obs.Make(in.WithTLS(securePort(cfg)), encoding, obs.KeyInterval(cfg.Segment.Duration)).Text()
	if err != nil {
		return err
	}
	_, err = t.out.Write(text)
	return err
}

// ingest returns where to publish: at --host, with the port of rtmp.address if
// it has none, or at rtmp.address. cfg is valid.
func (c *obsCommand) ingest(cfg config.Config) (obs.Ingest, error) {
	host, port, _ := net.SplitHostPort(cfg.RTMP.Address)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	wrong := func(err error) error { return cfg.Fault("rtmp.address", err) }
	if c.Host != "" {
		host, port = split(c.Host, port)
		wrong = func(err error) error { return &config.Error{Origin: "--host", Reason: err.Error()} }
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return obs.Ingest{}, wrong(fmt.Errorf("%q is no port to publish at", port))
	}
	app, name, _ := strings.Cut(c.Name, "/")
	in, err := obs.NewIngest(host, n, app, name)
	if err != nil {
		return obs.Ingest{}, wrong(err)
	}
	return in, nil
}

// securePort returns the port of rtmp.tls_address, 0 if there is none or the system chooses it.
func securePort(cfg config.Config) int {
	_, port, _ := net.SplitHostPort(cfg.RTMP.TLSAddress)
	n, _ := strconv.Atoi(port)
	return n
}

// split reads HOST[:PORT], where HOST may be an address of IPv6 in brackets.
func split(text, defaultPort string) (host, port string) {
	if host, port, err := net.SplitHostPort(text); err == nil {
		return host, port
	}
	return strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"), defaultPort
}
