package main

import (
	"errors"
	"net"
	"runtime"
)

// serveSink takes bytes of all who connect, and throws them away: no server in Go that
// reads takes less. It reads up to 32 KiB at a time, as Sluice does from who publishes
// (liveBuffer in pkg/rtmp), and uses one processor, which is what is cheapest for so
// little: a second one is woken for nothing.
func serveSink(args []string) error {
	if len(args) != 1 {
		return errors.New("sink ADDRESS")
	}
	runtime.GOMAXPROCS(1)
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go drain(conn)
	}
}

func drain(conn net.Conn) {
	defer conn.Close()
	for buffer := make([]byte, 32<<10); ; {
		if _, err := conn.Read(buffer); err != nil {
			return
		}
	}
}
