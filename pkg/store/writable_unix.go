//go:build unix

package store

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Writable returns why nothing can be written to the directory, nil if it seems that
// something can: it may be on a file system that is read-only, or belong to others. That
// there is room is for Put to find out.
func (d *Disk) Writable() error {
	if err := unix.Access(d.root, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("store %s: %w", d.root, err)
	}
	return nil
}
