package hls

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Directives are what a player tells the server when it requests a media
// playlist (RFC 8216bis 6.2.5, Delivery Directives). The zero value asks for
// the playlist as it is. Equal requests have equal directives, whatever their
// order was.
type Directives struct {
	Held    bool   // _HLS_msn is given: hold the answer
	Segment uint64 // until this segment is listed
	ByPart  bool   // _HLS_part is given: or until
	Part    uint64 // this part of it is
	Skip    bool   // _HLS_skip: an update is enough
}

// ParseDirectives reads the directives from the query of a URL. It fails,
// which means Bad Request, for what is no number or is 2^63 or more, for a
// directive given twice, and for _HLS_part without _HLS_msn. Other parameters
// are ignored, and so is any _HLS_skip but YES: v2 is for servers that can skip
// date ranges.
func ParseDirectives(query string) (Directives, error) {
	var d Directives
	skips := 0
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.Contains(pair, "%") { // what cannot be decoded is empty: no name of ours, and no number
			name, _ = url.PathUnescape(name)
			value, _ = url.PathUnescape(value)
		}
		var err error
		switch name {
		case "_HLS_msn":
			err = number(value, &d.Held, &d.Segment)
		case "_HLS_part":
			err = number(value, &d.ByPart, &d.Part)
		case "_HLS_skip":
			d.Skip = value == "YES"
			if skips++; skips > 1 {
				err = errTwice
			}
		}
		if err != nil {
			return Directives{}, fmt.Errorf("%s=%s: %w", name, value, err)
		}
	}
	if d.ByPart && !d.Held {
		return Directives{}, errors.New("_HLS_part without _HLS_msn")
	}
	return d, nil
}

var errTwice = errors.New("given twice")

// number reads the value of a directive that may be given once.
func number(text string, given *bool, n *uint64) (err error) {
	if *given {
		return errTwice
	}
	*given = true
	*n, err = strconv.ParseUint(text, 10, 63)
	return err
}
