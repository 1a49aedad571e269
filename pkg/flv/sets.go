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
	ids     [len(setLists{})][]uint8 // of the sets in lists, if that is owned
	bytes   int                      // in lists, likewise
	owned   bool                     // the lists are not those of the configuration
	changed bool                     // they differ from the configuration
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
	if !ok {
		return
	}
	s.own()
	if s.bytes+len(nal) > codec.MaxParameterSetBytes {
		return
	}
	s.changed, s.bytes = true, s.bytes+len(nal)
	nal = bytes.Clone(nal)
	switch i := bytes.IndexByte(s.ids[list], id); {
	case i >= 0:
		s.bytes -= len(s.lists[list][i])
		s.lists[list][i] = nal
	case list == listSPS:
		s.lists[list], s.ids[list] = slices.Insert(s.lists[list], 0, nal), slices.Insert(s.ids[list], 0, id)
	default:
		s.lists[list], s.ids[list] = append(s.lists[list], nal), append(s.ids[list], id)
	}
}

// own makes the lists be other ones than those of the configuration.
func (s *parameterSets) own() {
	if s.owned {
		return
	}
	s.owned, s.bytes = true, 0
	for i, list := range s.lists {
		s.lists[i], s.ids[i] = slices.Clone(list), nil
		for _, nal := range list {
			id, _ := s.setID(nal)
			s.ids[i] = append(s.ids[i], id)
			s.bytes += len(nal)
		}
	}
}

func contains(list [][]byte, nal []byte) bool {
	return slices.ContainsFunc(list, func(known []byte) bool { return bytes.Equal(known, nal) })
}
