package stream

import (
	"strconv"
	"strings"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

// A blob is what streams put into the store, by its name: a segment,
// {app}/{key}/{track}/{start}.m4s, or the mark of a stream that has ended,
// {app}/{key}/{began}-{ended}.end, which is empty.
type blob struct {
	stream Name
	name   string

	track media.TrackID // of a segment
	start string

	began, ended time.Time // of a stream that has ended
}

// parseBlob reads the name of a blob. It returns false for what no stream has put
// there.
func parseBlob(name string) (blob, bool) {
	elements := strings.Split(name, "/")
	if len(elements) != 3 && len(elements) != 4 {
		return blob{}, false
	}
	b := blob{stream: Name{elements[0], elements[1]}, name: name}
	if len(elements) == 3 {
		base, marked := strings.CutSuffix(elements[2], ".end")
		began, ended, both := strings.Cut(base, "-")
		var okBegan, okEnded bool
		b.began, okBegan = parseNano(began)
		b.ended, okEnded = parseNano(ended)
		return b, marked && both && okBegan && okEnded
	}
	var okTrack, okStart bool
	b.track, okTrack = media.ParseTrackID(elements[2])
	b.start, okStart = strings.CutSuffix(elements[3], ".m4s")
	return b, okTrack && okStart && isDigits(b.start)
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func parseNano(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(0, n).UTC(), err == nil && isDigits(s)
}

// segmentName returns the name of the segment that starts at a decode time.
func segmentName(start media.Ticks) string { return strconv.FormatInt(int64(start), 10) }

// markName returns the name of the mark of a stream that has ended.
func markName(p *live.Presentation, ended time.Time) string {
	return p.App + "/" + p.Name + "/" + strconv.FormatInt(p.Started.UnixNano(), 10) +
		"-" + strconv.FormatInt(ended.UnixNano(), 10) + ".end"
}

// mark leaves a word in the store that the programme has ended, for longer than
// there is anything of it.
func (p *programme) mark(ended, last time.Time) {
	const longer = time.Second
	if last.IsZero() {
		return // nothing is
	}
	name := markName(p.live, ended)
	if err := p.env.Store.Put(name); err != nil {
		p.log.Warn().Err(err).Msg("end not noted in the store: after a crash the stream would go on")
		return
	}
	p.env.Retire.Add(last.Add(longer), name)
}
