//go:build !linux

package store

import (
	"math"
	"os"
)

// freeBytes cannot be asked here: there is always enough.
func freeBytes(*os.File) (int64, error) { return math.MaxInt64, nil }
