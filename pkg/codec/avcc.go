package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// splitRecord returns the NAL length size and the parameter sets of an
// AVCDecoderConfigurationRecord. Sets that are empty or of another type than
// their list are left out. What follows the lists says nothing that the SPS
// does not, and encoders leave it out or cut it short: it is not read.
func splitRecord(record []byte) (lengthSize int, sps, pps [][]byte, err error) {
	if len(record) < 6 {
		return 0, nil, nil, errTruncated
	}
	if record[0] != 1 {
		return 0, nil, nil, fmt.Errorf("configuration version %d", record[0])
	}
	lengthSize = int(record[4]&3) + 1
	if lengthSize == 3 {
		return 0, nil, nil, errors.New("NAL length size 3")
	}
	sps, rest, err := splitSets(record[6:], int(record[5]&0x1f), AVCSPS)
	if err != nil {
		return 0, nil, nil, err
	}
	if len(rest) == 0 {
		return 0, nil, nil, errTruncated
	}
	pps, _, err = splitSets(rest[1:], int(rest[0]), AVCPPS)
	return lengthSize, sps, pps, err
}

// splitSets reads n parameter sets with their two-byte lengths.
func splitSets(data []byte, n int, kind AVCType) (sets [][]byte, rest []byte, err error) {
	for range n {
		nal, rest, ok := NextNAL(data, 2)
		if !ok {
			return nil, nil, errTruncated
		}
		if AVCTypeOf(nal) == kind {
			sets = append(sets, nal)
		}
		data = rest
	}
	return sets, data, nil
}

// buildRecord writes an AVCDecoderConfigurationRecord. Its profile is that of
// the first SPS, the constraint flags are those that all sets have, the level
// is the highest, as the record's semantics ask. Each set has a byte at least,
// and the sizes fit their fields.
func buildRecord(first SPS, sps, pps [][]byte) []byte {
	constraints, level := first.Constraints, first.Level
	for _, nal := range sps {
		if len(nal) >= 4 {
			constraints &= nal[2]
			level = max(level, nal[3])
		}
	}
	b := []byte{1, first.Profile, constraints, level, 0xfc | (LengthSize - 1), 0xe0 | byte(len(sps))}
	b = appendSets(b, sps)
	b = append(b, byte(len(pps)))
	b = appendSets(b, pps)
	if hasRecordExtension(first.Profile) {
		b = append(b, 0xfc|first.ChromaFormat, 0xf8|(first.LumaDepth-8), 0xf8|(first.ChromaDepth-8), 0)
	}
	return b
}

func appendSets(b []byte, sets [][]byte) []byte {
	for _, nal := range sets {
		b = binary.BigEndian.AppendUint16(b, uint16(len(nal)))
		b = append(b, nal...)
	}
	return b
}

// hasRecordExtension reports whether a record of this profile goes on after
// the lists: all do but Baseline, Main and Extended.
func hasRecordExtension(profile uint8) bool {
	return profile != 66 && profile != 77 && profile != 88
}
