package check

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Multivariant playlists, and what they say of media.
func TestBrokenMultivariant(t *testing.T) {
	list := func(pattern, with string) func(*imitation) {
		return func(o *imitation) {
			re := regexp.MustCompile(pattern)
			o.edit = func(path, text string) string {
				if path != "/plain.m3u8" {
					return text
				}
				return re.ReplaceAllString(text, with)
			}
		}
	}
	const whole = "/plain.m3u8"
	runBreakages(t, []breakage{
		{"codecs of another stream", whole, list(`avc1.64001E`, "avc1.4D401F"), "hls/codecs"},
		{"codecs of video only", whole, list(`,mp4a.40.2`, ""), "hls/codecs"},
		{"no codecs", whole, list(`CODECS="[^"]*",`, ""), "hls/codecs-missing"},
		{"no resolution", whole, list(`RESOLUTION=640x360,`, ""), "hls/resolution"},
		{"no such group", whole, list(`GROUP-ID="audio"`, `GROUP-ID="sound"`), "hls/group"},
		{"two renditions of one name", whole, list(`(#EXT-X-MEDIA.*\n)`, "$1$1"), "hls/media-name"},
		{"a default that is not selected", whole, list(`AUTOSELECT=YES`, "AUTOSELECT=NO"), "hls/media-default"},
		{"no bandwidth", whole, list(`BANDWIDTH=400000,AVERAGE-BANDWIDTH=300000,`, ""), "hls/syntax hls/bandwidth-peak"},
		{"an average above the peak", whole, list(`AVERAGE-BANDWIDTH=300000`, "AVERAGE-BANDWIDTH=500000"), "hls/bandwidth"},
		{"too small a bandwidth", whole, list(`BANDWIDTH=400000,AVERAGE-BANDWIDTH=300000`, "BANDWIDTH=4000"), "hls/bandwidth-peak"},
		{"far too large a bandwidth", whole, list(`BANDWIDTH=400000`, "BANDWIDTH=9999999"), "hls/bandwidth-high"},
		{"another resolution", whole, list(`640x360`, "1920x1080"), "hls/resolution-media"},
		{"another frame rate", whole, list(`FRAME-RATE=25.000`, "FRAME-RATE=50.000"), "hls/resolution-media"},
		{"half the frame rate", whole, list(`FRAME-RATE=25.000`, "FRAME-RATE=12.500"), "hls/resolution-media"},
		{"audio of which there is none", whole, list(`,AUDIO="audio"`, ""), "hls/codecs-absent"},
		{"another format of audio", whole, list(`mp4a.40.2`, "mp4a.40.2,ec-3"), "hls/codecs-absent"},
		{"no URI", whole, list(`\nv0/plain.m3u8\n`, "\n"), "hls/stream-inf"},
		{"a URI alone", whole, list(`(\nv0/plain.m3u8\n)`, "$1$1"), "hls/stream-inf"},
		{"tags of media", whole, list(`#EXT-X-STREAM`, "#EXT-X-ENDLIST\n#EXT-X-STREAM"), "hls/playlist-kind"},
		{"dates in one alone", whole, replaceIn("a0", `#EXT-X-PROGRAM-DATE-TIME.*\n`, ""), "hls/date-time hls/same-date-time"},
		{"dates of another hour in one", whole, replaceIn("a0", `\.000Z`, ".000+07:00"), "hls/date-time-apart"},
	})
}

// Media that are not what the playlist says, or no CMAF.
func TestBrokenMedia(t *testing.T) {
	independent := func(set func(*imitation)) func(*imitation) {
		return func(o *imitation) {
			set(o)
			replace(`#EXT-X-MAP`, "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP")(o)
		}
	}
	video := func(f func(h *imitatedHeader)) func(*imitation) {
		return headers(func(_ *imitated, h *imitatedHeader) { f(h) })
	}
	runBreakages(t, []breakage{
		{"a hole in time", plain, chunks(func(k int, c *imitatedChunk) { c.time += uint64(k / perSegment) }), "cmaf/continuity"},
		{"no time", plain, chunks(func(_ int, c *imitatedChunk) { c.timeless = true }), "cmaf/tfdt"},
		{"numbers that fall", plain, chunks(func(_ int, c *imitatedChunk) { c.sequence = 1 }), "cmaf/sequence-number"},
		{"another track", plain, chunks(func(_ int, c *imitatedChunk) { c.track = 2 }), "cmaf/track-id"},
		{"addresses in the file", plain, chunks(func(_ int, c *imitatedChunk) { c.tfhd = 0 }), "cmaf/addressing"},
		{"data of nobody", plain, chunks(func(_ int, c *imitatedChunk) { c.extra = 3 }), "cmaf/data"},
		{"a sample of no time", plain, chunks(func(_ int, c *imitatedChunk) { c.durations[1] += c.durations[0]; c.durations[0] = 0 }), "cmaf/samples"},
		{"shorter than EXTINF", plain, chunks(func(_ int, c *imitatedChunk) { c.durations[0] -= 1000 }), "cmaf/continuity hls/extinf-media"},
		{"no sync sample first", plain, independent(chunks(func(_ int, c *imitatedChunk) { c.sync[0] = false })), "hls/independent-segments"},
		{"a segment cut short", plain, func(o *imitation) {
			o.serve = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, "/s") || r.Method != http.MethodGet || r.Header.Get("Range") != "" {
					return false
				}
				w.Header().Set("Content-Type", "video/mp4")
				w.Header().Set("Etag", `"s"`)
				_, _ = w.Write(o.bytesOf(o.tracks[0], number(r.URL.Path)*perSegment)[:300])
				return true
			}
		}, "cmaf/boxes hls/extinf-media http/not-found http/cache-media http/etag http/head"},
		{"a header that is none", plain, video(func(h *imitatedHeader) { h.copies = 0 }), "cmaf/one-track"},
		{"two tracks", plain, video(func(h *imitatedHeader) { h.copies = 2 }), "cmaf/one-track"},
		{"an old brand", plain, video(func(h *imitatedHeader) { h.brands = "isom\x00\x00\x00\x00avc1" }), "cmaf/brand"},
		{"a duration in the header", plain, video(func(h *imitatedHeader) { h.duration = 2000 }), "cmaf/header-duration"},
		{"no timescale", plain, video(func(h *imitatedHeader) { h.scale = 0 }), "cmaf/header hls/extinf-media"},
		{"another timescale", plain, video(func(h *imitatedHeader) { h.scale = 1000 }), "hls/extinf-media"},
		{"ES_ID of AAC", "/a0/plain.m3u8", headers(func(_ *imitated, h *imitatedHeader) { h.codec[15] = 1 }), "cmaf/es-id"},
		{"a segment that cannot be had", plain, status(404, "", func(r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/s") && number(r.URL.Path)%3 == 1
		}), "hls/segment-available hls/segment-removed"},
		{"an empty segment", plain, status(200, "", func(r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/s") && number(r.URL.Path) > 0 && number(r.URL.Path)%3 == 1 && r.Header.Get("Range") == ""
		}), "hls/segment-available"},
		{"a removed segment that cannot be had", plain, status(404, "", func(r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/s") && time.Since(time.Unix(int64(number(r.URL.Path))*2, 0)) > 25*time.Second
		}), "hls/segment-removed"},
		{"a header that cannot be had", plain, status(404, "", asks("init.mp4")), "hls/map-available"},
	})
}

// Answers that are wrong as HTTP.
func TestBrokenHTTP(t *testing.T) {
	media := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ".m4s") }
	runBreakages(t, []breakage{
		{"type of a playlist", plain, field(".m3u8", "Content-Type", "text/plain"), "http/content-type"},
		{"type of a segment", plain, field(".m4s", "Content-Type", "application/octet-stream"), "http/content-type"},
		{"type of an MPD", regular, field(".mpd", "Content-Type", "text/xml"), "http/content-type"},
		{"no CORS", plain, field("", "Access-Control-Allow-Origin", ""), "http/cors http/cors-error"},
		{"CORS of somebody else", plain, field(".m4s", "Access-Control-Allow-Origin", "https://elsewhere.example"), "http/cors http/cors-error"},
		{"no CORS of errors", plain, func(o *imitation) {
			o.serve = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, "no-such") {
					w.Header().Del("Access-Control-Allow-Origin")
				}
				return false
			}
		}, "http/cors-error"},
		{"a cookie", plain, field(".m3u8", "Set-Cookie", "session=1"), "http/cookie"},
		{"gzip without Vary", plain, field(".m3u8", "Vary", "Origin"), "http/gzip-vary"},
		{"no gzip", low, rewrite(func(_ *imitation, r *http.Request) { r.Header.Del("Accept-Encoding") }), "http/gzip"},
		{"segments that no cache may hold", plain, field(".m4s", "Cache-Control", "private, no-cache, no-store"), "http/cache-media"},
		{"segments for a second", plain, field(".m4s", "Cache-Control", "max-age=1"), "http/cache-media"},
		{"segments for nobody knows how long", plain, field(".m4s", "Cache-Control", ""), "http/cache-media"},
		{"a live playlist for a minute", plain, field(".m3u8", "Cache-Control", "max-age=60"), "http/cache-live"},
		{"an MPD for a minute", regular, field(".mpd", "Cache-Control", "public, max-age=60"), "http/cache-live"},
		{"200 and nothing for what is not there", plain, status(200, "", asks("no-such")), "http/not-found"},
		{"500 for what is not there", plain, status(500, "", asks("no-such")), "http/not-found"},
		{"hanging for what is not there", plain, func(o *imitation) {
			o.serve = func(_ http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, "no-such") {
					until(r.Context(), time.Now().Add(time.Hour))
				}
				return false
			}
		}, "http/not-found"},
		{"404 for an hour", plain, func(o *imitation) {
			o.head = func(h http.Header, path string) {
				if strings.Contains(path, "no-such") {
					h.Set("Cache-Control", "max-age=3600")
				}
			}
		}, "http/cache-error"},
		{"no HEAD", plain, status(405, "", asks("HEAD ")), "http/head"},
		{"another HEAD", plain, status(200, "", asks("HEAD ")), "http/head"},
		{"no ranges", plain, rewrite(func(_ *imitation, r *http.Request) { r.Header.Del("Range") }), "http/range"},
		{"other ranges", plain, rewrite(func(_ *imitation, r *http.Request) {
			if r.Header.Get("Range") != "" {
				r.Header.Set("Range", "bytes=0-9")
			}
		}), "http/range-wrong"},
		{"no ETag", plain, func(o *imitation) {
			o.head = func(h http.Header, path string) {
				if !strings.HasSuffix(path, ".m3u8") {
					h.Del("Etag")
				}
			}
		}, "http/etag"},
		{"no 304", plain, rewrite(func(_ *imitation, r *http.Request) { r.Header.Del("If-None-Match") }), "http/etag"},
		{"no preflight", plain, status(405, "", asks("OPTIONS ")), "http/preflight"},
		{"a redirect", plain, func(o *imitation) {
			o.serve = func(w http.ResponseWriter, r *http.Request) bool {
				if !media(r) || r.URL.RawQuery != "" {
					return false
				}
				http.Redirect(w, r, r.URL.Path+"?s=1", http.StatusFound)
				return true
			}
		}, "http/redirect"},
		{"redirects without end", plain, func(o *imitation) {
			o.serve = func(w http.ResponseWriter, r *http.Request) bool {
				if media(r) {
					http.Redirect(w, r, r.URL.Path+"?"+random(), http.StatusFound)
				}
				return media(r)
			}
		}, "hls/segment-available hls/segment-removed"},
	})
}

// reconfigured makes a server of which video has another profile from a segment on, of
// which the multivariant playlist tells with the given codec, at the end of that segment.
func reconfigured(codec string) func(*imitation) {
	return func(o *imitation) {
		turn := o.parts()/perSegment + 2
		o.edit = func(path, text string) string {
			switch {
			case path == "/plain.m3u8" && o.parts() >= (turn+1)*perSegment:
				text = strings.Replace(text, "avc1.64001E", codec, 1)
			case path == "/v0/plain.m3u8":
				segment := regexp.MustCompile(fmt.Sprintf("#EXT-X-PROGRAM-DATE-TIME:.*\n#EXTINF:.*\ns%d.m4s", turn))
				text = segment.ReplaceAllString(text, "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"next.mp4\"\n$0")
			}
			return text
		}
		o.serve = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/v0/next.mp4" {
				return false
			}
			w.Header().Set("Content-Type", "video/mp4")
			w.Header().Set("Cache-Control", "max-age=3600, immutable")
			_, _ = w.Write(bytes.Replace(o.headerOf(o.tracks[0]), []byte{1, 0x64, 0, 0x1e}, []byte{1, 0x4d, 0, 0x1e}, 1))
			return true
		}
	}
}

// CODECS are judged by the multivariant playlist of their time.
func TestReconfigured(t *testing.T) {
	const whole = "/plain.m3u8"
	runBreakages(t, []breakage{
		{"and told of", whole, reconfigured("avc1.4D001E"), ""},
		{"and not told of", whole, reconfigured("avc1.64001E"), "hls/codecs"},
	})
}
