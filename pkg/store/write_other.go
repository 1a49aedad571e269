//go:build !linux

package store

import (
	"net"
	"os"
	"slices"
)

// writeAll writes the chunks to file.
func writeAll(file *os.File, chunks [][]byte) error {
	buffers := net.Buffers(slices.Clone(chunks))
	_, err := buffers.WriteTo(file)
	return err
}
