package hooks

import "time"

// Hasten makes a receiver wait only so long between tries.
func (r *Receiver) Hasten(between time.Duration) {
	r.pause = func(int) time.Duration { return between }
}

// Steady makes it wait as long as it does on average.
func (r *Receiver) Steady() {
	r.pause = func(try int) time.Duration { return pause(try, 0.5) }
}

// Pause is pause.
func Pause(try int, chance float64) time.Duration { return pause(try, chance) }
