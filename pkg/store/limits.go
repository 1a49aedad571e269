package store

import (
	"fmt"
	"syscall"
)

// ErrNoSpace is wrapped by the error of a Put that would break a limit of a
// Disk. It wraps syscall.ENOSPC: to who does not ask further the disk is full.
var ErrNoSpace = fmt.Errorf("limit of the store: %w", syscall.ENOSPC)

// A DiskOption is a limit that is given to OpenDisk.
type DiskOption func(*Disk)

// MaxBytes lets all blobs together have no more than n bytes, what is being
// written included. 0 is no limit. Blobs that an earlier process left may be
// more: then nothing is written until enough of them is removed.
func MaxBytes(n int64) DiskOption { return func(d *Disk) { d.maxBytes = n } }

// KeepFree leaves n bytes of the file system to others: a Put after which less
// would be free fails. 0 is no limit. What is free is known on Linux only; on
// other systems it is not checked.
func KeepFree(n int64) DiskOption { return func(d *Disk) { d.keepFree = n } }

// claim reserves the room for a blob, which the caller gives back with
// unclaim when the blob is counted, or was not written.
func (d *Disk) claim(size int64) error {
	claimed := d.claimed.Add(size)
	err := d.room(claimed)
	if err != nil {
		d.unclaim(size)
	}
	return err
}

func (d *Disk) unclaim(size int64) { d.claimed.Add(-size) }

// room returns an error when the limits have no room for n bytes more.
func (d *Disk) room(n int64) error {
	if used := d.bytes.Load() + d.staged.Load(); d.maxBytes > 0 && used+n > d.maxBytes {
		return fmt.Errorf("%w: %d bytes of %d are used", ErrNoSpace, used, d.maxBytes)
	}
	if d.keepFree <= 0 {
		return nil
	}
	free, err := freeBytes(d.own)
	if err != nil {
		return fmt.Errorf("ask what is free: %w", err)
	}
	if free-n < d.keepFree {
		return fmt.Errorf("%w: %d bytes are free, and %d are to stay so", ErrNoSpace, free, d.keepFree)
	}
	return nil
}

// sizeOf returns how many bytes the chunks are.
func sizeOf(chunks [][]byte) (size int64) {
	for _, chunk := range chunks {
		size += int64(len(chunk))
	}
	return size
}
