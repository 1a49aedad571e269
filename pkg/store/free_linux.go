package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeBytes returns how much an unprivileged program may still write to the
// file system that dir is in.
func freeBytes(dir *os.File) (int64, error) {
	var stat unix.Statfs_t
	for {
		err := unix.Fstatfs(int(dir.Fd()), &stat)
		if err == nil {
			return int64(stat.Bavail) * int64(stat.Bsize), nil //nolint:unconvert // it is an int32 on 32-bit machines
		}
		if err != unix.EINTR {
			return 0, os.NewSyscallError("fstatfs", err)
		}
	}
}
