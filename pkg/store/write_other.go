//go:build !linux

package store

import (
	"net"
	"os"
	"slices"
)

// writeAll writes the chunks to file and returns how many bytes they are.
func writeAll(file *os.File, chunks [][]byte) (int64, error) {
	buffers := net.Buffers(slices.Clone(chunks))
	return buffers.WriteTo(file)
}
