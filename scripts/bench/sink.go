package main

import (
	"errors"
	"io"
	"net"
)

// serveSink takes bytes of all who connect, and throws them away: no server in Go that
// reads takes less.
func serveSink(args []string) error {
	if len(args) != 1 {
		return errors.New("sink ADDRESS")
	}
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			_, _ = io.Copy(io.Discard, conn)
		}()
	}
}
