// Package rtmp is an RTMP server that takes publishers in. It speaks the
// protocol (Adobe's RTMP 1.0: handshake, chunks, commands) and hands what
// publishers send to a Handler of its user; it judges no names and knows no
// streams.
//
// RTMPS is the same on a listener of TLS: Serve takes either. The handshake of TLS has
// its part of Limits.Handshake.
//
// # Goroutines
//
// Every connection is one goroutine: it reads, calls the Sinks and writes the
// answers. Serve starts them and waits for them. Handler.Publish alone has a
// second one, which the first waits for and watches the connection. What others have to say to a
// publisher goes through its Peer, which wakes that goroutine.
//
// # Trust
//
// Nothing a peer sends is trusted. Each stage has a deadline, a connection
// that publishes nothing has a budget of bytes, messages and chunk streams
// are bounded (Limits), and memory grows with the bytes that arrived, never
// with a length that was announced. What is legal but unknown is ignored and
// logged once a connection; only input that cannot be understood any more
// ends a connection.
//
// # Ownership
//
// The bytes of frames are cut from slabs that are never reused: a Sink may
// keep them for as long as it likes. A kept frame keeps its slab, so what is
// small and kept for long is better copied.
package rtmp
