package media

// UsualRates ranges over the frame rates that video usually has, from the
// slowest to the fastest.
func UsualRates(yield func(Ratio) bool) {
	for _, rate := range [...]Ratio{
		{5, 1},
		{10, 1},
		{12, 1},
		{15, 1},
		{20, 1},
		{24000, 1001},
		{24, 1},
		{25, 1},
		{30000, 1001},
		{30, 1},
		{48000, 1001},
		{48, 1},
		{50, 1},
		{60000, 1001},
		{60, 1},
		{90, 1},
		{100, 1},
		{120000, 1001},
		{120, 1},
	} {
		if !yield(rate) {
			return
		}
	}
}

// UsualRate returns the usual frame rate that is nearest to the middle between
// two rates, in frames a second. It is unknown when none lies between them.
func UsualRate(slowest, fastest float64) Ratio {
	var found Ratio
	best, middle := 0.0, (slowest+fastest)/2
	for rate := range UsualRates {
		f := rate.Float()
		if f < slowest || f > fastest {
			continue
		}
		if off := max(f-middle, middle-f); !found.Known() || off < best {
			found, best = rate, off
		}
	}
	return found
}
