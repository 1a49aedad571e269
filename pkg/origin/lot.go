package origin

import (
	"sluice/pkg/live"
	"sluice/pkg/media"
)

// A lot is where those are parked who wait for one track. It is guarded by the
// mutex of its Parking.
type lot struct {
	lotKey
	cars map[*parked]struct{}
}

type lotKey struct {
	stream *live.Presentation
	track  media.TrackID
}

// lot returns the lot of a track, which it opens if there is none.
func (p *Parking) lot(key lotKey) *lot {
	l := p.lots[key]
	if l == nil {
		l = &lot{key, make(map[*parked]struct{})}
		p.lots[key] = l
		p.watching.Go(func() { p.watch(l) })
	}
	return l
}

// watch wakes those in a lot whose wait is over with each state of the track,
// until there are none left.
func (p *Parking) watch(l *lot) {
	for {
		changed, empty := p.sweep(l)
		if empty {
			return
		}
		select {
		case <-changed:
		case <-p.closing:
			p.clear(l)
			return
		}
	}
}

// sweep wakes those whose wait is over in the current state. It returns what
// tells of the next state, or closes the lot if nobody is in it.
func (p *Parking) sweep(l *lot) (changed <-chan struct{}, empty bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := l.stream.Snapshot()
	for c := range l.cars {
		if l.over(s, c) {
			c.wake()
			delete(l.cars, c)
		}
	}
	if len(l.cars) == 0 {
		delete(p.lots, l.lotKey)
		return nil, true
	}
	return s.Rendition(l.track).Changed(), false
}

// clear wakes all.
func (p *Parking) clear(l *lot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range l.cars {
		c.wake()
	}
}

// over reports whether there is nothing more to wait for.
func (l *lot) over(s *live.Snapshot, c *parked) bool {
	return s.Ended || s.Rendition(l.track) == nil || c.ready(s)
}
