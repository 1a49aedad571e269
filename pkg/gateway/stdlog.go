package gateway

import (
	"bytes"
	stdlog "log"

	"github.com/rs/zerolog"
)

// forward returns a logger for net/http whose lines go to log, one event a
// line: they are about single connections.
func forward(log zerolog.Logger) *stdlog.Logger {
	return stdlog.New(lines{log}, "", 0)
}

type lines struct {
	log zerolog.Logger
}

// Write implements io.Writer for one line.
func (l lines) Write(line []byte) (int, error) {
	l.log.Debug().Bytes("text", bytes.TrimSpace(line)).Msg("HTTP connection")
	return len(line), nil
}
