package stream

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/media"
)

// Recovered is what a registry found in its store.
type Recovered struct {
	Streams  int // that go on, or have ended and can still be watched
	Segments int // of these
	Torn     int // segments that were not whole, and are removed
	Left     int // other segments of earlier streams, which stay for a while
	Foreign  int // files that no stream has put there; they stay
}

const (
	// outdated is the age at which a stream is not gone on with.
	outdated = 24 * time.Hour

	// longest is more than a segment lasts.
	longest = time.Hour
)

// Recover takes up the streams whose segments an earlier registry left in the
// store. Each is in the state of a stream whose publisher has gone just now, and
// lists what it listed; one that had ended has ended. What cannot be listed any
// more is removed when those who read of it have had the time to play it. Recover
// is called before anything else.
func (r *Registry) Recover() (Recovered, error) {
	now := r.env.Now()
	var sum Recovered
	if err := r.putStaged(); err != nil {
		return Recovered{}, fmt.Errorf("recover streams: %w", err)
	}
	ours := map[Name][]blob{}
	for entry, err := range r.env.Store.List("") {
		if err != nil {
			return Recovered{}, fmt.Errorf("recover streams: %w", err)
		}
		if b, ok := parseBlob(entry.Name); ok {
			ours[b.stream] = append(ours[b.stream], b)
		} else {
			sum.Foreign++
		}
	}
	for name, blobs := range ours {
		r.recoverName(name, blobs, now, &sum)
	}
	return sum, nil
}

// putStaged makes segments of what was staged of them when the registry died: they
// end where they were.
func (r *Registry) putStaged() error {
	for staged, err := range r.env.Store.Staged() {
		if err != nil {
			return err
		}
		if staged.Note != nil {
			err = r.env.Store.Put(staged.Name, staged.Data, staged.Note)
		}
		if staged.Note == nil || errors.Is(err, fs.ErrExist) { // killed in the middle of Stage, or of Put
			err = r.env.Store.Unstage(staged.Name)
		}
		if err != nil {
			r.env.Log.Error().Err(err).Str("segment", staged.Name).Msg("the newest segment of a stream is lost")
		}
	}
	return nil
}

// recoverName takes up what is left of a name: of the streams that it was given to,
// the newest, and for those who still watch it the one before.
func (r *Registry) recoverName(name Name, blobs []blob, now time.Time, sum *Recovered) {
	left := now.Add(r.env.config().Window + r.env.config().Segment.Max)
	streams := map[time.Time][]found{}
	ended := map[time.Time]time.Time{}
	for _, b := range blobs {
		if !b.ended.IsZero() {
			ended[b.began] = b.ended
			r.env.Retire.Add(left.Add(left.Sub(now)+r.env.config().Keep), b.name)
			continue
		}
		f, err := r.find(b)
		switch {
		case errors.Is(err, cmaf.ErrTorn), errors.Is(err, errRecord):
			sum.Torn++
			r.drop(b, now)
		case err != nil || name.Check(r.env.Reserved) != nil || now.Sub(f.end()) > outdated:
			sum.Left++
			r.env.Retire.Add(left, b.name)
		default:
			streams[f.Stream] = append(streams[f.Stream], f)
		}
	}
	var before *programme
	for i, began := range slices.SortedFunc(maps.Keys(streams), time.Time.Compare) {
		all := streams[began]
		end, over := ended[began]
		if !over && i < len(streams)-1 { // another one has its name
			end, over = now, true
		}
		if over && now.Sub(end) > r.env.config().Keep {
			for _, f := range all {
				r.env.Retire.Add(left, f.name)
			}
			sum.Left += len(all)
			continue
		}
		all, outlived := whole(all)
		for _, b := range outlived {
			r.drop(b, now)
		}
		sum.Torn += len(outlived)
		p := restore(r.env, name, all, now)
		if p == nil {
			continue
		}
		if before != nil {
			p.live.Follow(before.live)
		}
		if over {
			p.conclude(end)
		}
		before = p
		sum.Streams++
		sum.Segments += len(all)
	}
	if before != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.programmes[name] = before
	}
}

// drop removes what is no segment before anybody can ask for it.
func (r *Registry) drop(b blob, now time.Time) {
	if err := r.env.Store.Remove(b.name); err != nil {
		r.env.Retire.Add(now, b.name)
	}
}

// find reads the record of a segment that is in the store.
func (r *Registry) find(b blob) (found, error) {
	file, err := r.env.Store.Open(b.name)
	if err != nil {
		return found{}, err
	}
	defer file.Close()
	f := found{blob: b}
	if f.Record, f.size, err = cmaf.ReadRecord(file, file.Size()); err != nil {
		return found{}, err
	}
	if err := f.check(); err != nil {
		return found{}, err
	}
	return f, nil
}

var errRecord = errors.New("the record of a segment makes no sense")

// check returns errRecord for a record that no stream has written under that name: viewers
// would get other bytes than they had.
func (f *found) check() error {
	t := f.own()
	switch {
	case t == nil, segmentName(f.Start) != f.start, f.Duration <= 0, f.Number == 0,
		f.Duration.Duration(t.Timescale) > longest,
		f.SegmentTarget < time.Second, f.SegmentTarget > longest,
		f.PartTarget < 0, f.ChunkTarget < 0:
		return errRecord
	}
	return nil
}

// own returns the segment's track, nil if its period has none.
func (f *found) own() *media.Track {
	i := slices.IndexFunc(f.Period.Tracks, func(t media.Track) bool { return t.ID == f.track })
	if i < 0 {
		return nil
	}
	return &f.Period.Tracks[i]
}

// end returns when the segment ends.
func (f *found) end() time.Time { return (f.Start + f.Duration).Time(f.own().Timescale) }

// whole returns segments but for those that are not what became of them: they were
// being cut, and their track went on in the same period. Such a thing is left where the
// store could neither keep the whole segment nor remove what was staged of it.
func whole(all []found) (rest []found, outlived []blob) {
	for i := range all {
		f := &all[i]
		after := func(other found) bool {
			return other.track == f.track && other.Period.Sequence == f.Period.Sequence && other.Number > f.Number
		}
		if !f.Whole && slices.ContainsFunc(all, after) {
			outlived = append(outlived, f.blob)
		} else {
			rest = append(rest, *f)
		}
	}
	return rest, outlived
}
