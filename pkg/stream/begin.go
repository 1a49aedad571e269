package stream

import (
	"time"

	"sluice/pkg/media"
)

// patience is how much audio is awaited before a publisher that has not said
// that it has video is taken to have none.
const patience = time.Second

// await takes a frame of a stream that has not begun: it begins with the first
// key frame of video, or with audio when it is plain that there is no video.
func (p *Publication) await(f media.Frame) error {
	if f.Track.Kind == media.Video {
		if f.Key {
			return p.begin(f)
		}
		return nil
	}
	p.early = append(p.early, f)
	if waited := since(p.early[0], f); waited > p.patience() {
		return p.begin(p.early[0])
	}
	return nil
}

func (p *Publication) patience() time.Duration {
	if p.metadata.HasVideo || len(p.tracks) > 0 && p.tracks[0].ID.Kind == media.Video {
		return p.env.Config.Segment.Max
	}
	return patience
}

// since returns the time from frame a to frame b.
func since(a, b media.Frame) time.Duration {
	return time.Duration(int32(b.Time-a.Time)) * time.Millisecond
}

// begin starts the stream with its first frame, and with those that came
// before it but are not earlier in time.
func (p *Publication) begin(first media.Frame) error {
	early := p.early
	p.early = nil
	if first.Track.Kind == media.Video {
		p.activate(first.Track)
		if err := p.write(first); err != nil {
			return err
		}
	}
	for _, f := range early {
		if since(first, f) < 0 {
			continue
		}
		if err := p.write(f); err != nil {
			return err
		}
	}
	return nil
}

// A predecessor is what an earlier stream of the same name leaves to the next:
// numbers and times go on rising.
type predecessor struct {
	number uint64
	period uint64
	end    time.Time
}

// successor returns what follows on an entry, which may be nil.
func successor(e *entry) predecessor {
	var p predecessor
	if e == nil {
		return p
	}
	for _, r := range e.presentation.Snapshot().Renditions {
		if n := len(r.Segments); n > 0 {
			last := r.Segments[n-1]
			p.number = max(p.number, last.Number+1)
			p.period = max(p.period, last.Period.Sequence+1)
			if end := last.End().Time(last.Timescale()); end.After(p.end) {
				p.end = end
			}
		}
	}
	return p
}
