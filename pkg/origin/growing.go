package origin

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/store"
)

// numbered serves n{number}, a segment by its media sequence number, which may
// still be growing, and n{number}.{k}, its part k. With a header, it is empty if
// the segment has another one.
func (o *Origin) numbered(w http.ResponseWriter, r *http.Request, p *live.Presentation, id media.TrackID, header, name string) {
	first, second, inPart := strings.Cut(strings.TrimPrefix(name, "n"), ".")
	number, ok := decimal(first)
	k := uint64(0)
	if inPart && ok {
		k, ok = decimal(second)
	}
	at := place{id, number, header}
	var err error
	switch {
	case !ok:
		err = fs.ErrNotExist
	case inPart:
		err = o.partOf(w, r, p, at, k)
	default:
		err = o.whole(w, r, p, at)
	}
	if ok && errors.Is(err, fs.ErrNotExist) && early(p.Snapshot(), at) {
		err = errEarly
	}
	if err != nil {
		o.fail(w, r, err)
	}
}

// early reports whether there may be a segment of that number later.
func early(s *live.Snapshot, at place) bool {
	next := upcoming(s, at.track)
	return next > 0 && at.number >= next && !s.Ended
}

// errEarly says that a segment is not there yet. No cache may say so for long
// after it is.
var errEarly = errors.New("it is not there yet")

// nothing is a segment without media, for the number of a gap, or one whose media
// have another header: players that count segments stumble over one that cannot
// be had.
const nothing = "\x00\x00\x00\x18stypmsdh\x00\x00\x00\x00msdhcmfs"

// serveNothing serves that, as a segment of one part: part k of it.
func (at place) serveNothing(w http.ResponseWriter, r *http.Request, k uint64) error {
	if k > 0 {
		return at.serveEnd(w, r, k, 1)
	}
	serve(w, r, fragment(at.track, "gap"), store.NewBytes([]byte(nothing)))
	return nil
}

// absent answers for a segment that is not there. Those behind the last of an ended
// stream have no media: players that count segments ask for some of them before they
// know of the end, and shaka never gets over a refusal.
func (at place) absent(w http.ResponseWriter, r *http.Request, s *live.Snapshot) error {
	next := upcoming(s, at.track)
	if !s.Ended || next == 0 || at.number < next || at.number-next >= most {
		return fs.ErrNotExist
	}
	over := fragment(at.track, "over")
	over.cache = cacheFor(negative) // another programme may have that number
	serve(w, r, over, store.NewBytes([]byte(nothing)))
	return nil
}

// lacking reports whether the segment belongs to a period that the presentation has without
// the track: players that do not know of that yet count on.
func (at place) lacking(s *live.Snapshot) bool {
	r := s.Rendition(at.track)
	return r != nil && r.From > 0 && at.number >= r.From && at.number-r.From < most
}

// most is how many segments players count on that do not know that nobody publishes.
const most = 1000

// serveEnd says that a segment has so many parts: the one behind them is empty.
func (at place) serveEnd(w http.ResponseWriter, r *http.Request, k uint64, parts int) error {
	if k > uint64(parts) {
		return fs.ErrNotExist
	}
	serve(w, r, fragment(at.track, "end"), store.NewBytes())
	return nil
}

// decimal reads a number in the only way in which it is written.
func decimal(text string) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return n, err == nil && strconv.FormatUint(n, 10) == text
}

// A place is that of a segment in a presentation.
type place struct {
	track  media.TrackID
	number uint64
	header string // of the media that are asked for, empty for any
}

// elsewhere reports whether the segment is there, but has another header.
func (at place) elsewhere(p *live.Presentation, s *live.Snapshot) bool {
	if at.header == "" {
		return false
	}
	if g := at.growing(s); g != nil {
		return g.Header.Name != at.header
	}
	_, seg, ok := at.stored(p, s)
	return ok && seg.Header.Name != at.header
}

// finished matches the segment when it is complete, and was not lost since.
func (at place) finished(seg *live.Segment) bool { return seg.Number == at.number && !seg.Lost }

// stored returns the segment when it is complete, and the presentation that has it.
func (at place) stored(p *live.Presentation, s *live.Snapshot) (*live.Presentation, live.Segment, bool) {
	if next := upcoming(s, at.track); next > 0 && at.number >= next {
		return nil, live.Segment{}, false
	}
	return find(p, s, at.track, at.finished)
}

// growing returns the segment while it is being cut and has something to send,
// nil before and after.
func (at place) growing(s *live.Snapshot) *live.Growing {
	g := begun(s, at.track)
	if g == nil || g.Number != at.number {
		return nil
	}
	return g
}

// begun returns the segment of a track that is being cut if there is something to
// send, and manifests tell of its period: those who count numbers would take it for
// the next of the period before.
func begun(s *live.Snapshot, id media.TrackID) *live.Growing {
	g := growing(s, id)
	if g == nil || len(g.Chunks) == 0 || !told(s, s.Rendition(id), g.Period) {
		return nil
	}
	return g
}

// told reports whether manifests tell of a period of a rendition, or of none before
// it.
func told(s *live.Snapshot, r *live.Rendition, period *live.Period) bool {
	return len(r.Segments) == 0 || r.Segments[0].Period == period || s.Announced(period)
}

// whole serves a segment: all of it when it is finished, and else what there
// is and then each chunk as it is completed.
func (o *Origin) whole(w http.ResponseWriter, r *http.Request, p *live.Presentation, at place) error {
	s, err := o.soon(w, r, p, at)
	if err != nil {
		return err
	}
	if at.elsewhere(p, s) {
		return at.serveNothing(w, r, 0)
	}
	if g := at.growing(s); g != nil {
		fragment(at.track, g.Name).describe(w.Header())
		w.WriteHeader(http.StatusOK)
		if r.Method == http.MethodHead {
			return nil
		}
		if err := o.follow(w, r, p, at); err != nil {
			o.Log.Debug().Err(err).Str("path", r.URL.Path).Msg("growing segment cut off")
			abort()
		}
		return nil
	}
	holder, seg, ok := at.stored(p, s)
	switch {
	case !ok && at.lacking(s), seg.Gap:
		return at.serveNothing(w, r, 0)
	case !ok:
		return at.absent(w, r, s)
	}
	blob, err := o.Store.Open(holder.Blob(at.track, seg.Name))
	if err != nil {
		return err
	}
	defer blob.Close()
	serve(w, r, fragment(at.track, seg.Name), blob)
	return nil
}

// soon returns the current state, unless the segment is due: then the state in
// which there is something of it.
func (o *Origin) soon(w http.ResponseWriter, r *http.Request, p *live.Presentation, at place) (*live.Snapshot, error) {
	s := p.Snapshot()
	if !o.due(s, at) {
		return s, nil
	}
	return o.hold(w, r, p, waiting{at.track, max(longest(s), away), func(s *live.Snapshot) bool { return !o.due(s, at) }})
}

// away is how long a segment is waited for whose publisher has gone. dash.js gives
// up for good when it was refused four times, and asks again by itself after 20 s.
const away = 19 * time.Second

// due reports whether a segment is the one behind the newest. Players ask for
// it when the one before has ended, which is a frame before its time, and some
// a part of a segment early. While nobody publishes they go on counting.
func (o *Origin) due(s *live.Snapshot, at place) bool {
	next := upcoming(s, at.track)
	return !s.Ended && next > 0 && !at.lacking(s) && (at.number == next || s.Away && at.number > next && at.number-next < most)
}

// upcoming returns the number of the segment behind the newest that there is
// anything of, 0 when nothing is listed yet.
func upcoming(s *live.Snapshot, id media.TrackID) uint64 {
	r := s.Rendition(id)
	if r == nil || len(r.Segments) == 0 {
		return 0
	}
	if g := begun(s, id); g != nil {
		return g.Number + 1
	}
	last := len(r.Segments) - 1
	for !told(s, r, r.Segments[last].Period) {
		last--
	}
	return r.Segments[last].Number + 1
}

// follow sends a segment that is growing: what there is of it, then each chunk
// when it is complete, and what is left when the segment is finished. All who
// follow it read the same bytes. An error means that it was not sent to its
// end.
func (o *Origin) follow(w http.ResponseWriter, r *http.Request, p *live.Presentation, at place) error {
	out := &slowly{w, http.NewResponseController(w)}
	sent, chunks := int64(0), 0
	more := func(s *live.Snapshot) bool {
		g := at.growing(s)
		return g == nil || len(g.Chunks) > chunks
	}
	for {
		s, err := p.Wait(r.Context(), nil, at.track, more)
		if err != nil {
			return err
		}
		g := at.growing(s)
		if g == nil {
			return o.rest(out, p, s, at, sent)
		}
		n, err := out.send(g.Chunks[chunks:])
		if err != nil {
			return err
		}
		sent, chunks = sent+n, len(g.Chunks)
	}
}

// rest sends a finished segment from an offset on.
func (o *Origin) rest(out *slowly, p *live.Presentation, s *live.Snapshot, at place, offset int64) error {
	holder, seg, ok := at.stored(p, s)
	if !ok || seg.Gap || seg.Size < offset {
		return fmt.Errorf("segment %d came to nothing: %w", at.number, fs.ErrNotExist)
	}
	blob, err := o.Store.Open(holder.Blob(at.track, seg.Name))
	if err != nil {
		return err
	}
	defer blob.Close()
	if _, err := blob.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	return out.finish(blob)
}

// A slowly sends to a client that is given a time for each piece, and not for
// all of them together.
type slowly struct {
	to       http.ResponseWriter
	deadline *http.ResponseController
}

// send sends chunks and waits until they are on their way.
func (c *slowly) send(chunks [][]byte) (n int64, err error) {
	for _, chunk := range chunks {
		c.begin()
		if _, err := c.to.Write(chunk); err != nil {
			return n, err
		}
		n += int64(len(chunk))
	}
	if err := c.deadline.Flush(); err != nil {
		return n, err
	}
	// Until the next chunk there is nothing to be late with. HTTP/2 would
	// reset the stream, though nobody writes.
	_ = c.deadline.SetWriteDeadline(time.Time{})
	return n, nil
}

// finish sends what is left, and leaves time for net/http to end the answer.
func (c *slowly) finish(rest io.Reader) error {
	c.begin()
	_, err := io.Copy(c.to, rest)
	return err
}

func (c *slowly) begin() { _ = c.deadline.SetWriteDeadline(time.Now().Add(patience)) }

// partOf serves part k of a segment, when it is there. The one behind the last of
// a finished segment is empty, so that a cache can put segments together from
// their parts without knowing how many there are; one that is not in parts is a
// single part.
func (o *Origin) partOf(w http.ResponseWriter, r *http.Request, p *live.Presentation, at place, k uint64) error {
	s := p.Snapshot()
	if k == 0 && o.due(s, at) {
		var err error
		if s, err = o.soon(w, r, p, at); err != nil {
			return err
		}
	}
	if at.elsewhere(p, s) {
		return at.serveNothing(w, r, k)
	}
	lacks := func(s *live.Snapshot) bool {
		g := at.growing(s)
		return g != nil && k >= uint64(len(g.Parts))
	}
	if lacks(s) {
		if k > uint64(len(at.growing(s).Parts)) {
			return errEarly
		}
		var err error
		s, err = o.hold(w, r, p, waiting{at.track, longest(s), func(s *live.Snapshot) bool { return !lacks(s) }})
		if err != nil {
			return err
		}
	}
	if g := at.growing(s); g != nil {
		growingPart(w, r, g, g.Parts[k])
		return nil
	}
	holder, seg, ok := at.stored(p, s)
	switch {
	case !ok && at.lacking(s), seg.Gap:
		return at.serveNothing(w, r, k)
	case !ok:
		return fs.ErrNotExist
	}
	if len(seg.Parts) == 0 {
		seg.Parts = []live.Part{{Start: seg.Start, Duration: seg.Duration, Size: seg.Size}}
	}
	if k >= uint64(len(seg.Parts)) {
		return at.serveEnd(w, r, k, len(seg.Parts))
	}
	o.section(w, r, holder, seg, seg.Parts[k])
	return nil
}
