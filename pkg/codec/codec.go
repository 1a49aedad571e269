// Package codec reads decoder configurations and NAL units: what a track is,
// from the bytes that a publisher sends before its first frame. It does no
// I/O, keeps no state and starts no goroutine.
//
// # Bounds
//
// The bytes are a stranger's. Every function here takes time and memory in
// proportion to its input, whatever that says, and none panics.
//
// # Ownership
//
// Nothing here writes to its input. A configuration is copied out of it, NAL
// units are slices of it.
package codec

import "errors"

// ErrUnsupported is wrapped by the error for a configuration that is well
// formed but asks for something that Sluice does not carry. The text says
// what. Errors that do not wrap it mean malformed input.
var ErrUnsupported = errors.New("not supported")

var errTruncated = errors.New("ends too early")
