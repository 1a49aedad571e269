package flv

import (
	"bytes"
	"slices"

	"sluice/pkg/codec"
)

// parameterSets are the SPS and PPS that a decoder of the stream would know by
// now: the configuration's, and those that came in band since.
type parameterSets struct {
	sps, pps [][]byte
	owned    bool // the lists are not those of the configuration
	changed  bool // they differ from the configuration
}

// reset goes back to the sets of a configuration.
func (s *parameterSets) reset(config codec.AVC) {
	*s = parameterSets{sps: config.SPS, pps: config.PPS}
}

// learn takes a set that came in band. It replaces the one of the same type
// and id. A new SPS goes to the front: it is taken for the one in use.
func (s *parameterSets) learn(nal []byte) {
	list := &s.pps
	if codec.AVCTypeOf(nal) == codec.AVCSPS {
		list = &s.sps
	}
	if contains(*list, nal) {
		return
	}
	id, ok := codec.ParameterSetID(nal)
	if !ok || s.size()+len(nal) > codec.MaxParameterSetBytes {
		return
	}
	if !s.owned {
		s.sps, s.pps, s.owned = slices.Clone(s.sps), slices.Clone(s.pps), true
	}
	s.changed = true
	nal = bytes.Clone(nal)
	i := slices.IndexFunc(*list, func(known []byte) bool {
		other, ok := codec.ParameterSetID(known)
		return ok && other == id
	})
	switch {
	case i >= 0:
		(*list)[i] = nal
	case list == &s.sps:
		*list = slices.Insert(*list, 0, nal)
	default:
		*list = append(*list, nal)
	}
}

// size returns the number of bytes held.
func (s *parameterSets) size() int {
	n := 0
	for _, nal := range s.sps {
		n += len(nal)
	}
	for _, nal := range s.pps {
		n += len(nal)
	}
	return n
}

// inForce reports whether a parameter set is one of the configuration's.
func inForce(config codec.AVC, nal []byte) bool {
	return contains(config.SPS, nal) || contains(config.PPS, nal)
}

func contains(list [][]byte, nal []byte) bool {
	for _, known := range list {
		if bytes.Equal(known, nal) {
			return true
		}
	}
	return false
}
