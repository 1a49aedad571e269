package cmaf

import (
	"encoding/binary"

	"sluice/pkg/media"
)

// prftSize is the size of what appendPrft writes.
const prftSize = boxHeader + 4 + 4 + 8 + 8

// ntpEpoch is where NTP time begins: seconds from 1900 to 1970.
const ntpEpoch = 2208988800

// appendPrft writes the producer reference time of the sample with decode time
// t (ISO/IEC 14496-12 8.16.5), with flags 0: the time at which the picture went
// into the encoder. As media time counts from the Unix epoch, t is the
// wall-clock time itself; the format keeps 32 bits of its seconds.
func appendPrft(b []byte, t media.Ticks, timescale uint32) []byte {
	b = appendFullBox(b, prftSize, "prft", 1, 0)
	b = binary.BigEndian.AppendUint32(b, trackID)
	seconds, rest := uint64(t)/uint64(timescale), uint64(t)%uint64(timescale)
	b = binary.BigEndian.AppendUint64(b, (seconds+ntpEpoch)<<32|rest<<32/uint64(timescale))
	return binary.BigEndian.AppendUint64(b, uint64(t))
}
