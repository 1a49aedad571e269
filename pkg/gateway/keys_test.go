package gateway_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// wantKeys checks the key frames that can be had by themselves, by HLS and DASH: ffprobe reads
// of each track of video one for each segment, which is where that begins.
func (s *server) wantKeys(t *testing.T, stream string) {
	t.Helper()
	manifest := s.get("/" + stream + "/index.mpd")
	tracks := strings.Count(manifest, `<Representation id="v`)
	if n := strings.Count(manifest, `<Representation id="kv`); n != tracks {
		t.Errorf("key frames of %d tracks of %d", n, tracks)
	}
	for i := range tracks {
		rendition := "/" + stream + "/v" + strconv.Itoa(i)
		var starts []string
		for _, line := range strings.Split(s.get(rendition+"/index.m3u8"), "\n") {
			if name, ok := strings.CutSuffix(line, ".m4s"); ok {
				starts = append(starts, name)
			}
		}
		for input, selected := range map[string]string{
			s.http + rendition + "/iframes.m3u8": "v:0",
			s.http + "/" + stream + "/index.mpd": "v:" + strconv.Itoa(tracks+i),
		} {
			text, err := run("ffprobe", "-v", "error", "-select_streams", selected, "-show_entries", "packet=dts,flags", "-of", "csv=p=0", input)
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			for line := range strings.Lines(text) {
				dts, flags, _ := strings.Cut(strings.TrimSpace(line), ",")
				if !strings.HasPrefix(flags, "K") {
					t.Errorf("%s: a frame at %s that is no key frame", input, dts)
				}
				keys = append(keys, dts)
			}
			if !slices.Equal(keys, starts) {
				t.Errorf("%s: key frames at %v, segments at %v", input, keys, starts)
			}
		}
	}
}
