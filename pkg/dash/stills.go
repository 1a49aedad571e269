package dash

import (
	"fmt"
	"slices"
	"time"

	"sluice/pkg/live"
)

// stills is what the names of resources begin with that are key frames: that of a segment, which
// is as long as that.
const stills = "k"

// writeStills writes a set of the key frames that the segments of others begin with, for fast
// forward and for previews (DASH-IF IOP 3.2.9, trick modes). Players that do not know of such
// sets pass over it, as they must (ISO/IEC 23009-1 5.8.4.8).
func (p period) writeStills(b *draft, tracks []live.Listed) {
	if !slices.ContainsFunc(tracks, keyed) {
		return
	}
	const apart = 1000 // more than any setID
	of := setID(tracks[0])
	fmt.Fprintf(b, "    <AdaptationSet id=\"%d\" contentType=\"video\" mimeType=\"video/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\">\n", apart+of)
	fmt.Fprintf(b, "      <EssentialProperty schemeIdUri=\"http://dashif.org/guidelines/trickmode\" value=\"%d\"/>\n", of)
	writeColors(b, tracks[0].Header.Track.Color)
	for _, l := range tracks {
		if keyed(l) {
			p.writeStill(b, l)
		}
	}
	b.WriteString("    </AdaptationSet>\n")
}

func (p period) writeStill(b *draft, l live.Listed) {
	t := l.Header.Track
	fmt.Fprintf(b, `      <Representation id="%s" codecs="%s" bandwidth="%d"`, stills+t.ID.String(), t.Codecs, max(l.Rendition.KeyBandwidth, 1))
	writePicture(b, t)
	const shown = 25 // a second
	fmt.Fprintf(b, " maxPlayoutRate=\"%d\" codingDependency=\"false\">\n", shown*max(p.snapshot.Targets.Segment/time.Second, 1))
	p.writeTemplate(b, l, stills)
	b.WriteString("      </Representation>\n")
}

// keyed reports whether any segment begins with a key frame that can be had by itself.
func keyed(l live.Listed) bool {
	some, _ := l.Keyed()
	return some
}

// writeKeyed writes the runs of the segments that begin with a key frame.
func writeKeyed(b *draft, segments []live.Segment) {
	segments = slices.Clone(segments)
	for i := range segments {
		segments[i].Gap = segments[i].Gap || segments[i].KeySize == 0
	}
	for i := 0; i < len(segments); {
		j := i
		for j+1 < len(segments) && continues(&segments[j], &segments[j+1]) {
			j++
		}
		b.Write(appendRun(b.AvailableBuffer(), segments, i, j))
		i = j + 1
	}
}
