package flv

import (
	"bytes"
	"slices"

	"sluice/pkg/codec"
)

// parameterSets are those that a decoder of the stream would know by now: the
// configuration's, and those that came in band since.
type parameterSets struct {
	nalCodec
	lists   setLists
	owned   bool // the lists are not those of the configuration
	changed bool // they differ from the configuration
}

// reset goes back to the sets of a configuration.
func (s *parameterSets) reset(lists setLists) {
	s.lists, s.owned, s.changed = lists, false, false
}

// learn takes a set that came in band. It replaces the one of the same type
// and id. A new SPS goes to the front: it is taken for the one in use.
func (s *parameterSets) learn(list int, nal []byte) {
	if contains(s.lists[list], nal) {
		return
	}
	id, ok := s.setID(nal)
	if !ok || s.size()+len(nal) > codec.MaxParameterSetBytes {
		return
	}
	if !s.owned {
		for i := range s.lists {
			s.lists[i] = slices.Clone(s.lists[i])
		}
		s.owned = true
	}
	s.changed = true
	nal = bytes.Clone(nal)
	i := slices.IndexFunc(s.lists[list], func(known []byte) bool {
		other, ok := s.setID(known)
		return ok && other == id
	})
	switch {
	case i >= 0:
		s.lists[list][i] = nal
	case list == listSPS:
		s.lists[list] = slices.Insert(s.lists[list], 0, nal)
	default:
		s.lists[list] = append(s.lists[list], nal)
	}
}

// size returns the number of bytes held.
func (s *parameterSets) size() int {
	n := 0
	for _, list := range s.lists {
		for _, nal := range list {
			n += len(nal)
		}
	}
	return n
}

func contains(list [][]byte, nal []byte) bool {
	return slices.ContainsFunc(list, func(known []byte) bool { return bytes.Equal(known, nal) })
}
