package stream

import (
	"slices"
	"time"

	"sluice/pkg/media"
)

const (
	// patience is for how long a track is awaited that a publisher has declared or
	// announced, and how much audio is when it has said nothing of video: viewers
	// who come while a stream has no audio do not get any later.
	patience = time.Second

	// far is by how much media are ahead of the clock when their publisher is
	// faster than real time.
	far = 10 * time.Second

	// maxEarly is how many bytes are kept meanwhile.
	maxEarly = 4 << 20
)

// An arrival is a frame and when it came.
type arrival struct {
	media.Frame
	at time.Time
}

// waiting is what came before the stream could begin: audio, and video from a key
// frame on.
type waiting struct {
	frames  []arrival
	tracks  []media.TrackID // of frames
	opening int             // index of the frame that the stream begins with: the first of video, or else of audio
	bytes   int
}

// add adds a frame.
func (w *waiting) add(f arrival) {
	const overhead = 100 // bytes, of a frame that is kept
	if f.Track.Kind == media.Video && (len(w.frames) == 0 || w.frames[w.opening].Track.Kind != media.Video) {
		w.opening = len(w.frames)
	}
	if !w.has(f.Track) {
		w.tracks = append(w.tracks, f.Track)
	}
	w.frames = append(w.frames, f)
	w.bytes += overhead + len(f.Data)
}

// drop forgets what came of a track.
func (w *waiting) drop(id media.TrackID) {
	all := w.frames
	*w = waiting{}
	for _, f := range all {
		if f.Track != id {
			w.add(f)
		}
	}
}

func (w *waiting) has(id media.TrackID) bool { return slices.Contains(w.tracks, id) }

// await takes a frame of a stream that has not begun.
func (p *programme) await(f arrival) {
	w := &p.early
	if f.Track.Kind == media.Video && !f.Key && !w.has(f.Track) {
		return
	}
	w.add(f)
	first := w.frames[w.opening]
	waited := max(since(first.Frame, f.Frame), f.at.Sub(first.at))
	if w.bytes > maxEarly || waited > p.patience(first) {
		p.begin()
	}
}

// patience returns for how long the stream that has the given first frame waits
// for others: for a key frame of video longer than for audio, and for none when all
// have come.
func (p *programme) patience(first arrival) time.Duration {
	switch {
	case first.Track.Kind == media.Video && !p.lacks():
		return -1
	case first.Track.Kind != media.Video && (p.metadata.HasVideo || p.tracks[0].ID.Kind == media.Video):
		return p.env.config().Segment.Max
	}
	return patience
}

// lacks reports whether there is a track, declared or announced, that nothing has
// come of yet.
func (p *programme) lacks() bool {
	audible := slices.ContainsFunc(p.tracks, func(t media.Track) bool { return t.ID.Kind == media.Audio })
	return p.metadata.HasAudio && !audible || slices.ContainsFunc(p.tracks, func(t media.Track) bool { return !p.early.has(t.ID) })
}

// since returns the time from frame a to frame b.
func since(a, b media.Frame) time.Duration {
	return time.Duration(int32(b.Time-a.Time)) * time.Millisecond
}

// begin starts the stream with the frames that have come, but for those that are
// earlier in time than the opening one, and with their tracks.
func (p *programme) begin() {
	opening, kept := p.early.opening, p.early
	p.early = waiting{}
	for _, t := range p.tracks {
		if kept.has(t.ID) {
			p.enlist(t.ID)
		}
	}
	first := kept.frames[opening]
	p.keepSound(first)
	p.renew()
	p.write(first)
	for i, f := range kept.frames {
		if i != opening && since(first.Frame, f.Frame) >= 0 {
			p.open(first, f)
		}
	}
}

// beginLate does so when the publisher has gone. Where viewers are there, and only
// some of the tracks have come, that is dropped: it would be a period of a moment, in
// which the stream has lost the others, until somebody publishes again.
func (p *programme) beginLate() {
	if p.era == nil || !p.lacks() {
		p.begin()
		return
	}
	p.log.Warn().Int("frames", len(p.early.frames)).Msg("publisher left before all of its tracks had come: what came is dropped")
}
