package rtmp

import "errors"

// What a publisher is refused or ended with: by a Handler, by an error of a
// Sink, or by Peer.End. Any other error tells it NetStream.Publish.Failed and
// the error's text. These may be wrapped.
var (
	// ErrNameInUse says that somebody else publishes under the name. The
	// publisher is told NetStream.Publish.BadName.
	ErrNameInUse = errors.New("rtmp: the name is being published by somebody else")
	// ErrUnauthorized says that the publisher may not use the name. The
	// publisher is told NetStream.Publish.Unauthorized.
	ErrUnauthorized = errors.New("rtmp: publishing is not authorized")
	// ErrTakenOver says that somebody else publishes under the name from now
	// on. The publisher is told NetStream.Publish.BadName.
	ErrTakenOver = errors.New("rtmp: the name was taken over by another publisher")
)

// A Rejection is what a Door refuses a client with.
type Rejection struct {
	Told string // description that the client is told, at most 256 bytes
	Why  error  // what the log says at level "warn"; nil for a client that is expected to come again, with more
}

// Error implements error.
func (r *Rejection) Error() string {
	if r.Why == nil {
		return "rtmp: the client has to say more"
	}
	return r.Why.Error()
}

// Why a publication ended: the cause that a Sink is closed with, besides the
// errors of the connection, of the Sink itself and of Peer.End. Causes may be
// wrapped.
var (
	// ErrUnpublished is the only orderly end: the publisher said so.
	ErrUnpublished = errors.New("rtmp: the publisher ended the stream")
	// ErrDisconnected says that the connection ended without a word.
	ErrDisconnected = errors.New("rtmp: the publisher went away")
	// ErrTimeout says that nothing came for too long.
	ErrTimeout = errors.New("rtmp: the peer was silent for too long")
	// ErrServerClosed says that the server stopped.
	ErrServerClosed = errors.New("rtmp: the server stopped")
)

// errAnswered ends a read ahead: the Handler has answered.
var errAnswered = errors.New("rtmp: the handler has answered")

// What ends a connection.
var (
	errVersion      = errors.New("rtmp: unknown protocol version")
	errChunkSize    = errors.New("rtmp: chunk size is 0 or has its top bit set")
	errMessageSize  = errors.New("rtmp: message is too large")
	errPartialSize  = errors.New("rtmp: too many bytes in unfinished messages")
	errChunkStreams = errors.New("rtmp: too many chunk streams")
	errBudget       = errors.New("rtmp: too many bytes without publishing")
	errRefused      = errors.New("rtmp: refused")
	errEnded        = errors.New("rtmp: the server ended the publication")
	errPanic        = errors.New("rtmp: internal error")
)
