package live

import "time"

// Resize makes the window shorter, which viewers are told, or longer, from the next
// segment on. It becomes longer by what comes: nothing that has left it comes back.
func (p *Presentation) Resize(window time.Duration, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.successor()
	next.whole = window
	if window < next.Window {
		next.Window, next.Published = window, now
	}
	p.publish(next)
}

// widen makes the window as long as what is listed of a rendition, where it is to
// become longer.
func (s *Snapshot) widen(r *Rendition) { s.Window = max(s.Window, min(r.Depth, s.whole)) }

// Room returns the time for which segments can stay listed if all of them
// together, of all renditions, shall have no more than so many bytes, and whether
// that is less than what is listed.
func (s *Snapshot) Room(bytes int64) (window time.Duration, less bool) {
	if len(s.Renditions) == 0 {
		return 0, false
	}
	rest := make([][]Segment, len(s.Renditions)) // that are not counted yet
	for i := range s.Renditions {
		rest[i] = s.Renditions[i].Segments
	}
	lead := s.Renditions[0].Segments
	for n := len(lead) - 1; n >= 0; n-- {
		for i := range rest {
			for k := len(rest[i]); k > 0 && rest[i][k-1].Number >= lead[n].Number; k-- {
				bytes -= rest[i][k-1].Size
				rest[i] = rest[i][:k-1]
			}
		}
		if bytes < 0 {
			return window, true
		}
		window += lead[n].Length()
	}
	return window, false
}

// Listed returns how many bytes the newest segments have that cover a time, of all
// renditions together.
func (s *Snapshot) Listed(length time.Duration) (bytes int64) {
	for i := range s.Renditions {
		all := s.Renditions[i].Segments
		rest := length
		for n := len(all) - 1; n >= 0 && rest > 0; n-- {
			bytes += all[n].Size
			rest -= all[n].Length()
		}
	}
	return bytes
}

// Newest returns how many bytes the newest segments of all renditions have.
func (s *Snapshot) Newest() (bytes int64) {
	for i := range s.Renditions {
		if n := len(s.Renditions[i].Segments); n > 0 {
			bytes += s.Renditions[i].Segments[n-1].Size
		}
	}
	return bytes
}
