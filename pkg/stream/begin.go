package stream

import (
	"time"

	"sluice/pkg/media"
)

const (
	// patience is how much audio is awaited before a publisher that has not
	// said that it has video is taken to have none.
	patience = time.Second

	// far is by how much media are ahead of the clock when their publisher is
	// faster than real time.
	far = 10 * time.Second

	// maxEarly is how many bytes of audio are kept meanwhile.
	maxEarly = 4 << 20
)

// An arrival is a frame and when it came.
type arrival struct {
	media.Frame
	at time.Time
}

// waiting is what came before the stream could begin.
type waiting struct {
	frames []arrival // audio
	bytes  int
}

// await takes a frame of a stream that has not begun: it begins with the first
// key frame of video, or with audio when it is plain that there is no video.
func (p *programme) await(f arrival) {
	if f.Track.Kind == media.Video {
		if f.Key {
			p.begin(f)
		}
		return
	}
	p.early.frames = append(p.early.frames, f)
	p.early.bytes += len(f.Data)
	first := p.early.frames[0]
	waited := max(since(first.Frame, f.Frame), f.at.Sub(first.at))
	if waited > p.patience() || p.early.bytes > maxEarly {
		p.begin(first)
	}
}

func (p *programme) patience() time.Duration {
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
func (p *programme) begin(first arrival) {
	early := p.early.frames
	p.early = waiting{}
	if first.Track.Kind == media.Video {
		p.write(first)
	}
	for _, f := range early {
		if since(first.Frame, f.Frame) >= 0 {
			p.write(f)
		}
	}
}
