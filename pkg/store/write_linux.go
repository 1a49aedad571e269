package store

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// maxVector is the kernel's bound on the parts of one write, IOV_MAX.
const maxVector = 1024

// writeAll writes the chunks to file, in one system call as a rule.
func writeAll(file *os.File, chunks [][]byte) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	rest := make([][]byte, 0, len(chunks))
	for _, chunk := range chunks {
		if len(chunk) > 0 {
			rest = append(rest, chunk)
		}
	}
	for len(rest) > 0 {
		n, err := writeSome(conn.Write, rest)
		if err != nil {
			return &os.PathError{Op: "writev", Path: file.Name(), Err: err}
		}
		rest = consume(rest, n)
	}
	return nil
}

// writeSome makes one writev of as many chunks as that takes.
func writeSome(control func(func(fd uintptr) bool) error, chunks [][]byte) (n int, err error) {
	chunks = chunks[:min(len(chunks), maxVector)]
	failed := control(func(fd uintptr) bool {
		for {
			n, err = unix.Writev(int(fd), chunks)
			if err != unix.EINTR {
				return true
			}
		}
	})
	switch {
	case failed != nil:
		return 0, failed
	case err == nil && n == 0:
		return 0, io.ErrShortWrite
	}
	return n, err
}
