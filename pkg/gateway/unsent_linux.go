package gateway

import (
	"net"

	"golang.org/x/sys/unix"
)

// boundUnsent lets the system take no more bytes to send than so many that it
// cannot send at once.
func boundUnsent(conn *net.TCPConn, bytes int) error {
	socket, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	failed := socket.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, bytes)
	})
	if failed != nil {
		return failed
	}
	return err
}
