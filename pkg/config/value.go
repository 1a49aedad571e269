package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// StoreType says where segments are kept.
type StoreType string

// The types of store.
const (
	Disk     StoreType = "disk"
	InMemory StoreType = "memory"
)

// LogFormat is the form of log lines.
type LogFormat string

// The forms of log lines.
const (
	JSON    LogFormat = "json"
	Console LogFormat = "console"
)

// Conflict says what happens when somebody publishes under a name that somebody
// else is publishing under.
type Conflict string

// The ways to settle a conflict.
const (
	Reject   Conflict = "reject"
	TakeOver Conflict = "takeover"
	Backup   Conflict = "backup"
)

// WebhookFormat is the form of requests to a webhook.
type WebhookFormat string

// The forms of requests: our own, and those of other servers.
const (
	SluiceFormat    WebhookFormat = "sluice"
	NginxRTMPFormat WebhookFormat = "nginx-rtmp"
	SRSFormat       WebhookFormat = "srs"
	MediaMTXFormat  WebhookFormat = "mediamtx"
)

type text struct{ at *string }

func (v text) String() string        { return *v.at }
func (v text) Set(text string) error { *v.at = text; return nil }

type number struct{ at *int }

func (v number) String() string { return strconv.Itoa(*v.at) }

func (v number) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	*v.at = n
	return nil
}

type span struct{ at *time.Duration }

// String returns the span without the zero units that time.Duration prints.
func (v span) String() string {
	text := v.at.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func (v span) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a span of time such as 30s or 250ms", text)
	}
	*v.at = d
	return nil
}

type choice[T ~string] struct {
	at      *T
	choices []T
}

func (v choice[T]) String() string { return string(*v.at) }

func (v choice[T]) Set(text string) error {
	names := make([]string, len(v.choices))
	for i, c := range v.choices {
		if string(c) == text {
			*v.at = c
			return nil
		}
		names[i] = string(c)
	}
	return fmt.Errorf("%q is not one of %s", text, strings.Join(names, ", "))
}

type level struct{ at *zerolog.Level }

func (v level) String() string { return v.at.String() }

func (v level) Set(text string) error {
	switch l, err := zerolog.ParseLevel(text); {
	case err != nil, l < zerolog.TraceLevel || l > zerolog.ErrorLevel:
		return fmt.Errorf("%q is not one of trace, debug, info, warn, error", text)
	default:
		*v.at = l
		return nil
	}
}
