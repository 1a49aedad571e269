package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthPatience is how long a gateway may take to say how it is.
const healthPatience = 3 * time.Second

type healthCommand struct {
	Config string `help:"Configuration file of the gateway (default: ${default_config} if there is one)." placeholder:"FILE"`
	HTTP   string `name:"http" help:"Address of the gateway (default: http.address, on this machine)." placeholder:"ADDR"`
}

// Help is for kong.
func (*healthCommand) Help() string {
	return "It asks /readyz, and prints the answer. The exit code is 1 if the gateway is not ready, or does not answer within 3 s: " +
		"what a container, in which there is nothing else, is asked with."
}

// Run asks the gateway.
func (c *healthCommand) Run(ctx context.Context, t terminal) error {
	cfg, err := settings{Config: c.Config, HTTP: c.HTTP}.load()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cfg.HTTP.Address)
	if err != nil {
		return err
	}
	if host == "" {
		host = "127.0.0.1"
	}
	word, err := askReady(ctx, "http://"+net.JoinHostPort(host, port)+"/readyz")
	if err != nil {
		return unlessStopped(ctx, err)
	}
	_, err = fmt.Fprintln(t.out, word)
	return err
}

// askReady returns the line with which a gateway says that it is ready.
func askReady(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req) // through no proxy
	if err != nil {
		return "", fmt.Errorf("%s: %w", url, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	if err != nil {
		return "", fmt.Errorf("%s: %w", url, err)
	}
	word, _, _ := strings.Cut(string(body), "\n")
	if res.StatusCode != http.StatusOK {
		return "", errors.New(strings.TrimSpace(res.Status + ": " + word))
	}
	return word, nil
}
