package rtmp

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// gather has the system wake who reads from conn when so many bytes are there, or the
// peer has gone. A read returns fewer if there are any.
func gather(conn syscall.Conn, bytes int) {
	if socket, err := conn.SyscallConn(); err == nil {
		_ = socket.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVLOWAT, bytes) })
	}
}
