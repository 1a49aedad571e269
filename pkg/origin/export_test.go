package origin

// Driving returns how many requests wait as net/http has them.
func (p *Parking) Driving() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.driving
}

// SetLimit says how many requests wait before others are parked.
func (p *Parking) SetLimit(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = n
}
