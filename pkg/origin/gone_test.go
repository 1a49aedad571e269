package origin_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"sluice/pkg/live"
	"sluice/pkg/media"
)

// A track of video goes, and others go on. Who has its playlist from an older multivariant playlist is told at
// once that it cannot be had, who counts its segments that there is nothing in them, and both that it is back.
func TestTrackThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t)
		low := *s.period.Header(v0)
		low.Track.ID, low.Name = media.TrackID{Kind: media.Video, Index: 1}, "header-v1"
		s.period.Headers = append(s.period.Headers, &low)
		all := []media.TrackID{v0, low.Track.ID, a0}
		for n := range uint64(3) {
			for _, id := range all {
				s.add(id, n)
			}
		}
		check := func(path string, status int, cache, text string) {
			t.Helper()
			v := s.ask("/live/show/" + path)
			if v.held() {
				t.Fatalf("%s is held", path)
			}
			if v.Code != status || v.Header().Get("Cache-Control") != cache || !strings.Contains(v.Body.String(), text) {
				t.Errorf("%s: %d, %q\n%s", path, v.Code, v.Header().Get("Cache-Control"), v.Body)
			}
		}
		const lasting = "public, max-age=31536000, immutable"

		playlist, segment := s.ask("/live/show/v0/index.m3u8?_HLS_msn=3"), s.ask("/live/show/v0/header-v0/n3.m4s")
		if !playlist.held() || !segment.held() {
			t.Fatal("nobody waits for what comes next")
		}
		s.show.Leave(v0, 0)
		synctest.Wait()
		if playlist.held() || playlist.Code != http.StatusNotFound {
			t.Errorf("%d, held %v", playlist.Code, playlist.held())
		}
		if !segment.held() {
			t.Error("it may come yet, with the next period")
		}
		for _, file := range []string{"index.m3u8", "ts.m3u8", "iframes.m3u8", "index.m3u8?_HLS_msn=3&_HLS_part=0"} {
			check("v0/"+file, http.StatusNotFound, "no-store", "")
		}
		check("v0/n2.m4s", http.StatusOK, lasting, "")
		check("v1/index.m3u8", http.StatusOK, "public, max-age=1", "#EXTINF")
		for _, file := range []string{"index.m3u8", "ts.m3u8"} {
			if got := s.ask("/live/show/" + file).Body.String(); strings.Contains(got, "v0/") || !strings.Contains(got, "v1/") {
				t.Error(got)
			}
		}

		s.show.Leave(v0, 3)
		synctest.Wait()
		if segment.held() || segment.Code != http.StatusOK || segment.Body.Len() != 24 {
			t.Errorf("%d, held %v, %d bytes", segment.Code, segment.held(), segment.Body.Len())
		}
		check("v0/header-v0/n4.m4s", http.StatusOK, lasting, "styp")
		check("v0/header-v0/n4.0.m4s", http.StatusOK, lasting, "styp")

		s.period = &live.Period{Sequence: 1, Start: now, First: 5, Headers: s.period.Headers}
		s.begin(v0, 5).next()
		check("v0/index.m3u8", http.StatusOK, "public, max-age=1", "#EXT-X-DISCONTINUITY\n")

		s.show.Leave(v0, 0)
		s.show.End(s.now())
		check("v0/index.m3u8", http.StatusOK, "public, max-age=5", "#EXT-X-ENDLIST")
	})
}
