package rtmp

import (
	"errors"

	"github.com/rs/zerolog"

	"sluice/pkg/flv"
	"sluice/pkg/media"
)

// A publication is one message stream of a connection and, from publish to
// its end, the Sink that its messages go to. It is the flv.Handler between
// the two.
type publication struct {
	conn   *conn
	stream uint32 // message stream ID
	name   string // stream key without query
	sink   Sink   // nil while nothing is published
	remote *remote
	demux  flv.Demuxer
	log    zerolog.Logger
}

// live reports whether p is publishing. A nil publication is not.
func (p *publication) live() bool { return p != nil && p.sink != nil }

// start begins publishing into sink.
func (p *publication) start(req Request, sink Sink, r *remote) {
	p.name = req.Name
	p.sink, p.remote = sink, r
	p.demux = flv.Demuxer{}
	p.log = p.conn.log.With().Str("stream", clip(req.App+"/"+req.Name)).Logger()
	if req.User != "" {
		p.log = p.log.With().Str("user", clip(req.User)).Logger()
	}
	p.log.Info().Str("encoder", clip(req.Encoder)).Msg("publishing started")
}

// close ends publishing, if p was. A cause that Peer.End was given counts for
// more.
func (p *publication) close(cause error) {
	if !p.live() {
		return
	}
	sink := p.sink
	p.sink = nil
	cause = p.remote.close(cause)
	p.log.Info().AnErr("cause", cause).Uint64("malformed", p.demux.Dropped()).Msg("publishing ended")
	err := p.conn.guard(func() error { return sink.Close(cause) })
	if err != nil && !errors.Is(err, errPanic) {
		p.log.Warn().Err(err).Msg("stream not closed cleanly")
	}
}

// message hands a media or data message on. The error is the Sink's.
func (p *publication) message(m message) error {
	switch m.kind {
	case kindVideo:
		return p.demux.Video(m.time, m.body, p)
	case kindAudio:
		return p.demux.Audio(m.time, m.body, p)
	case kindDataAMF0, kindDataAMF3:
		if meta, ok := flv.ParseMetadata(p.conn.values(m)); ok {
			p.sink.WriteMetadata(meta)
		}
	case kindAggregate:
		return m.split(func(sub message) error {
			if sub.kind == kindAggregate {
				return nil
			}
			return p.message(sub)
		})
	default: // an aggregate may hold anything
	}
	return nil
}

// Track implements flv.Handler.
func (p *publication) Track(t media.Track) error { return p.sink.WriteTrack(t) }

// Frame implements flv.Handler.
func (p *publication) Frame(f media.Frame) error { return p.sink.WriteFrame(f) }

// Refuse tells the broadcaster that a track is not carried. The publication
// goes on with the others, which is why the level is not "error": encoders
// stop at that.
func (p *publication) Refuse(id media.TrackID, reason string) {
	p.log.Warn().Stringer("track", id).Str("reason", reason).Msg("track refused")
	p.conn.out.onStatus(p.stream, status(levelWarning, codeUnsupportedCodec, reason))
	_ = p.conn.out.flush() // the error stays with out
}
