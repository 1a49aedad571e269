package main

import (
	"bytes"
	stdlog "log"

	"github.com/rs/zerolog"
)

// adopt has log take what libraries write to Go's own logger, which is shared by all of a
// process: quic-go does so where the system gives it small buffers.
func adopt(log zerolog.Logger) {
	stdlog.SetFlags(0)
	stdlog.SetOutput(libraries{log})
}

type libraries struct{ log zerolog.Logger }

// Write implements io.Writer for one line.
func (l libraries) Write(line []byte) (int, error) {
	l.log.Warn().Bytes("text", bytes.TrimSpace(line)).Msg("a library warns")
	return len(line), nil
}
