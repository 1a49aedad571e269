package rtmp

import "time"

// Limits bound what one peer can cost. A zero field takes its default.
type Limits struct {
	Connections int // open connections of the server; 1000

	Handshake time.Duration // from accepting to the end of the handshake; 5 s
	Publish   time.Duration // from accepting, or the end of the last publication, to the next; 10 s
	Idle      time.Duration // without a whole audio or video message while publishing; 30 s
	Write     time.Duration // for one answer to be taken by the peer; 5 s
	Linger    time.Duration // for a peer that is refused or ended to read why; 1 s
	Drain     time.Duration // for publishers to leave that were asked to reconnect, when the server stops; 2 s

	IdleBytes    int // bytes taken from a connection that publishes nothing; 1 MB
	IdleMessage  int // length of a message then; 64 KB
	Message      int // length of a message while publishing; 16 MB
	Partial      int // bytes of all unfinished messages of a connection; 32 MB
	ChunkStreams int // chunk streams of a connection; 64
	Streams      int // message streams of a connection; 16
}

// withDefaults returns l with every zero field set.
func (l Limits) withDefaults() Limits {
	setDefault(&l.Connections, 1000)
	setDefault(&l.Handshake, 5*time.Second)
	setDefault(&l.Publish, 10*time.Second)
	setDefault(&l.Idle, 30*time.Second)
	setDefault(&l.Write, 5*time.Second)
	setDefault(&l.Linger, time.Second)
	setDefault(&l.Drain, 2*time.Second)
	setDefault(&l.IdleBytes, 1<<20)
	setDefault(&l.IdleMessage, 64<<10)
	setDefault(&l.Message, 16<<20)
	setDefault(&l.Partial, 32<<20)
	setDefault(&l.ChunkStreams, 64)
	setDefault(&l.Streams, 16)
	return l
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
