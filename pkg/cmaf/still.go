package cmaf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"sluice/pkg/media"
)

// Still makes the key frame that a segment of video begins with, the first KeySize bytes of it,
// last for so many ticks: as long as the segment, for a player that shows key frames only. It
// changes b, or returns an error where that is no such fragment.
func Still(b []byte, duration media.Ticks) error {
	c, rest, err := nextChunk(b)
	switch {
	case err != nil:
		return fmt.Errorf("cmaf: %w", err)
	case len(rest) > 0 || c.count != 1 || c.lasts == nil:
		return errors.New("cmaf: not one sample by itself")
	case duration <= 0 || duration > math.MaxUint32:
		return fmt.Errorf("cmaf: a duration of %d", duration)
	}
	binary.BigEndian.PutUint32(c.lasts, uint32(duration))
	return nil
}
