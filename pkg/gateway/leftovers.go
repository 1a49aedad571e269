package gateway

import (
	"fmt"
	"path"
	"strings"
	"time"

	"sluice/pkg/media"
)

// retireLeftovers removes what an earlier run left in the store, after the
// time for which its viewers may still ask for it. What no stream can have put
// there is left alone: somebody may have named a directory by mistake.
func (g *Gateway) retireLeftovers() error {
	at := time.Now().Add(g.config.Window.Duration + g.config.Segment.Max)
	ours, others := 0, 0
	for entry, err := range g.store.List("") {
		switch {
		case err != nil:
			return fmt.Errorf("list the store: %w", err)
		case isSegment(entry.Name):
			g.reaper.Add(at, entry.Name)
			ours++
		default:
			others++
		}
	}
	if ours > 0 {
		g.log.Info().Int("segments", ours).Time("until", at).Msg("an earlier run left segments: they will be removed")
	}
	if others > 0 {
		g.log.Warn().Int("files", others).Str("path", g.config.Store.Path).Msg("the store holds files that are not segments: they stay")
	}
	return nil
}

// isSegment reports whether a blob has the name of a segment,
// {app}/{name}/{track}/{time}.m4s.
func isSegment(blob string) bool {
	elements := strings.Split(blob, "/")
	if len(elements) != 4 {
		return false
	}
	_, track := media.ParseTrackID(elements[2])
	number, ok := strings.CutSuffix(path.Base(blob), ".m4s")
	return track && ok && number != "" && strings.Trim(number, "0123456789") == ""
}
