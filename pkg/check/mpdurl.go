package check

import (
	"fmt"
	"strconv"
	"strings"
)

// url returns the address of a segment.
func (s *stream) url(l listing) (string, error) { return s.fill(s.media, l) }

// fill puts values in a template.
func (s *stream) fill(text string, l listing) (string, error) {
	pieces := strings.Split(text, "$")
	if len(pieces)%2 == 0 {
		return "", fmt.Errorf("%q has a $ too many", clip(text))
	}
	var out strings.Builder
	for i, piece := range pieces {
		if i%2 == 0 {
			out.WriteString(piece)
			continue
		}
		name, format, formatted := strings.Cut(piece, "%0")
		width := 1
		if formatted {
			w, err := strconv.Atoi(strings.TrimSuffix(format, "d"))
			if err != nil || w < 0 || w > 20 {
				return "", fmt.Errorf("%q has a wrong width", clip(text))
			}
			width = w
		}
		switch name {
		case "":
			out.WriteByte('$')
		case "RepresentationID":
			out.WriteString(s.rep.ID)
		case "Number":
			fmt.Fprintf(&out, "%0*d", width, l.number)
		case "Time":
			fmt.Fprintf(&out, "%0*d", width, l.time)
		case "Bandwidth":
			out.WriteString(s.rep.Bandwidth)
		default:
			return "", fmt.Errorf("%q has an unknown $%s$", clip(text), clip(name))
		}
	}
	return resolve(s.base, out.String())
}
