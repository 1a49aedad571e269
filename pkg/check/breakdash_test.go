package check

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Manifests that are wrong by themselves, or change as they must not.
func TestBrokenMPD(t *testing.T) {
	timeline := func(s string) func(*imitation) {
		return each(`<S t="(\d+)" d="(\d+)" r="(\d+)"/>`, func(m []string) string {
			at, _ := strconv.Atoi(m[1])
			d, _ := strconv.Atoi(m[2])
			return strings.NewReplacer("T", m[1], "D", m[2], "R", m[3], "+2", fmt.Sprint(at+2*d), "+1", fmt.Sprint(at+d), "+H", fmt.Sprint(at+d+d/2), "LESS", fmt.Sprint(at+d-9)).Replace(s)
		})
	}
	root := func(name string) func(*imitation) { return replace(` `+name+`="[^"]*"`, "") }
	runBreakages(t, []breakage{
		{"no XML", regular, later(replace(`</Period>`, "")), "dash/xml"},
		{"another root", regular, later(replace(`MPD`, "MDP")), "dash/xml"},
		{"elements without end", regular, later(replace(`<Period`, strings.Repeat("<a>", 100)+"<Period")), "dash/xml"},
		{"another namespace", regular, replace(`urn:mpeg:dash:schema:mpd:2011`, "urn:mpeg:dash:schema:mpd:2010"), "dash/schema"},
		{"no profiles", regular, root("profiles"), "dash/profiles"},
		{"no minBufferTime", regular, root("minBufferTime"), "dash/min-buffer-time"},
		{"a duration that is none", regular, replace(`minBufferTime="PT2S"`, `minBufferTime="2"`), "dash/min-buffer-time dash/schema"},
		{"no publishTime", regular, root("publishTime"), "dash/publish-time dash/publish-time-change"},
		{"publishTime that stands still", regular, replace(`publishTime="[^"]*"`, `publishTime="2000-01-01T00:00:00Z"`), "dash/publish-time-change"},
		{"publishTime that goes back", regular, later(replace(`publishTime="[^"]*"`, `publishTime="1999-01-01T00:00:00Z"`)), "dash/publish-time-change dash/publish-time-order"},
		{"availabilityStartTime changes", regular, later(replace(`1970-01-01T00:00:00Z`, "1969-12-31T23:59:59Z")), "dash/availability-start-change"},
		{"the future", regular, replace(`availabilityStartTime="1970-01-01T00:00:00Z"`, `availabilityStartTime="1970-01-01T00:00:10Z"`), "dash/available"},
		{"too old segments", regular, replace(`timeShiftBufferDepth="PT24S"`, `timeShiftBufferDepth="PT10S"`), "dash/expired"},
		{"Period without id", regular, replace(` id="p0"`, ""), "dash/period-id"},
		{"Period without start", regular, replace(`<Period id="p0" start="PT0S"`, `<Period id="p0"`), "dash/period-start"},
		{"two Periods of one id", regular, replace(`(?s)(<Period.*</Period>)`, "<Period id=\"p0\" start=\"PT0S\" duration=\"PT0S\"/>\n$1"), "dash/period-id dash/set-change"},
		{"Period@start changes", regular, later(replace(`start="PT0S"`, `start="PT0.004S"`)), "dash/period-change"},
		{"another Period", regular, later(replace(`id="p0"`, `id="p9"`)), "dash/period-change"},
		{"AdaptationSet without id", regular, replace(`AdaptationSet id="1"`, `AdaptationSet`), "dash/set-id"},
		{"AdaptationSets of one id", regular, replace(`AdaptationSet id="2"`, `AdaptationSet id="1"`), "dash/set-id"},
		{"a Representation comes late", regular, func(o *imitation) {
			from := time.Now().Add(4 * time.Second)
			late := regexp.MustCompile(`(?s)<AdaptationSet id="2".*</AdaptationSet>\n`)
			o.edit = func(_, text string) string {
				if time.Now().Before(from) {
					return late.ReplaceAllString(text, "")
				}
				return text
			}
		}, "dash/set-change"},
		{"updates too seldom", regular, replace(`minimumUpdatePeriod="PT2S"`, `minimumUpdatePeriod="PT3S"`), "dash/update-period"},
		{"delay beyond the buffer", regular, replace(`suggestedPresentationDelay="PT6S"`, `suggestedPresentationDelay="PT24S"`), "dash/presentation-delay"},
		{"a buffer longer than what there is", regular, replace(`minBufferTime="PT2S"`, `minBufferTime="PT60S"`), "dash/min-buffer-time"},
		{"segments that go too soon", regular, replace(`timeShiftBufferDepth="PT24S"`, `timeShiftBufferDepth="PT1H"`), "dash/removed"},
		{"another size", regular, replace(`width="640" height="360"`, `width="1920" height="1080"`), "dash/properties-wrong"},
		{"another width", regular, replace(`width="640"`, `width="1920"`), "dash/properties-wrong"},
		{"another frame rate", regular, replace(`frameRate="25"`, `frameRate="50"`), "dash/properties-wrong"},
		{"another frame rate, as a fraction", regular, replace(`frameRate="25"`, `frameRate="15000/1001"`), "dash/properties-wrong"},
		{"another sampling rate", regular, replace(`audioSamplingRate="48000"`, `audioSamplingRate="44100"`), "dash/properties-wrong"},
		{"the sampling rate of SBR", regular, replace(`audioSamplingRate="48000"`, `audioSamplingRate="96000"`), ""},
		{"too small a bandwidth", regular, replace(`bandwidth="\d+"`, `bandwidth="1000"`), "dash/bandwidth-low"},
		{"no UTCTiming", regular, replace(`<UTCTiming.*\n`, ""), "dash/utc-timing"},
		{"UTCTiming by NTP", regular, replace(`http-xsdate`, "ntp"), "dash/utc-timing-scheme"},
		{"a clock that is gone", regular, replace(`value="time"`, `value="clock"`), "dash/utc-timing-answer"},
		{"a clock that tells something else", regular, status(200, "half past nine", asks("/time")), "dash/utc-timing-answer dash/utc-timing-cache"},
		{"a clock in a cache", regular, func(o *imitation) {
			o.serve = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/time" {
					_, _ = w.Write([]byte(time.Now().UTC().Format("2006-01-02T15:04:05.000Z")))
				}
				return r.URL.Path == "/time"
			}
		}, "dash/utc-timing-cache"},
		{"a clock that is wrong", regular, replace(`<UTCTiming.*\n`, `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2000-01-01T00:00:05Z"/>`), "dash/utc-clock"},
		{"a clock without CORS", regular, field("/time", "Access-Control-Allow-Origin", ""), "http/cors"},
		{"a clock that hides its Date", regular, func(o *imitation) {
			replace(`http-xsdate`, "http-head")(o)
			field("/time", "Access-Control-Expose-Headers", "")(o)
		}, "http/cors-expose"},
		{"a gap", regular, timeline(`<S t="T" d="D"/><S t="+2" d="D" r="9"/>`), "dash/timeline-change dash/timeline-gap"},
		{"an overlap", regular, timeline(`<S t="T" d="D"/><S t="LESS" d="D"/><S t="+2" d="D" r="9"/>`), "dash/timeline-change dash/timeline-gap dash/timeline-overlap"},
		{"numbers in a timeline", regular, timeline(`<S t="T" n="4" d="D" r="R"/>`), "dash/timeline-number"},
		{"an empty timeline", regular, timeline(``), "dash/timeline-empty"},
		{"a segment without duration", regular, timeline(`<S t="T" d="D" r="R"/><S/>`), "dash/schema"},
		{"repeated without end", regular, timeline(`<S t="T" d="D" r="R"/><S d="1" r="999999999999"/>`), "dash/available dash/schema dash/segment-available dash/timeline-change"},
		{"S@t is not the time of the media", regular, chunks(func(_ int, c *imitatedChunk) { c.time += 9 }), "dash/tfdt"},
		{"S@d is not that of the media", regular, replace(`(?s)<S t="(\d+)" d="180000" r="\d+"/>`, `<S t="$1" d="90000" r="22"/>`), "cmaf/continuity cmaf/sequence-number dash/tfdt dash/timeline-duration dash/update-period"},
		{"segments go in the middle", regular, later(timeline(`<S t="T" d="D"/><S t="+2" d="D" r="9"/>`)), "dash/timeline-change dash/timeline-gap"},
		{"segments come back", regular, later(replace(`r="11"`, `r="5"`)), "dash/timeline-change"},
		{"presentationTimeOffset changes", regular, later(replace(`timescale="90000"`, `timescale="90000" presentationTimeOffset="1"`)), "dash/offset-change"},
		{"other names", regular, later(replace(`media="v0/t`, `media="../v0/t`)), "dash/template-change"},
		{"maxSegmentDuration too short", regular, replace(`maxSegmentDuration="PT2.1S"`, `maxSegmentDuration="PT1.9S"`), "dash/max-segment-duration"},
		{"no timescale", regular, replace(`timescale="\d+" `, ""), "dash/available dash/max-segment-duration dash/timescale"},
		{"names of one segment", regular, replace(`t\$Time\$`, "t"), "dash/addressing dash/segment-available"},
		{"names with an unknown word", regular, replace(`t\$Time\$`, "t$$Time$$$$Tome$$"), "dash/addressing"},
		{"no SegmentTemplate", regular, replace(`(?s)<SegmentTemplate.*?</SegmentTemplate>`, ""), "dash/addressing"},
		{"codecs of another stream", regular, replace(`avc1.64001E`, "avc1.4D401F"), "dash/codecs"},
		{"no codecs", regular, replace(` codecs="[^"]*"`, ""), "dash/codecs-missing"},
		{"no mimeType", regular, replace(` mimeType="[^"]*"`, ""), "dash/mime-type"},
		{"two types in a set", regular, replace(`contentType="video"`, `contentType="audio"`), "dash/one-type"},
		{"no bandwidth", regular, replace(` bandwidth="[^"]*"`, ""), "dash/bandwidth"},
		{"Representations of one id", regular, replace(`(<Representation [^>]*>)`, "$1\n$1"), "dash/representation-id"},
		{"not aligned", regular, func(o *imitation) {
			replace(`segmentAlignment="true"( startWithSAP="1">(?s:.)*?)<Representation id="v0"`, `segmentAlignment="false"$1<Representation id="v1" codecs="avc1.64001E" bandwidth="300000" width="640"/><Representation id="v0"`)(o)
		}, "dash/alignment"},
		{"no width", regular, replace(` width="640"`, ""), "dash/properties"},
		{"nothing of channels", regular, replace(`<AudioChannelConfiguration.*\n`, ""), "dash/properties"},
		{"no startWithSAP", regular, replace(` startWithSAP="1"`, ""), "dash/start-with-sap"},
		{"no sync sample first", regular, chunks(func(_ int, c *imitatedChunk) { c.sync[0] = false }), "dash/start-with-sap-wrong"},
		{"a relative Location", regular, replace(`<Period`, "<Location>index.mpd</Location><Period"), "dash/location"},
		{"static with updates", regular, replace(`type="dynamic"`, `type="static"`), "dash/static"},
		{"static from the middle on", regular, func(o *imitation) {
			static, start := regexp.MustCompile(`type="dynamic".*maxSeg`), strings.NewReplacer(`start="PT0S"`, `start="PT1S"`, `timescale="90000"`, `timescale="90000" presentationTimeOffset="90000"`, `timescale="48000"`, `timescale="48000" presentationTimeOffset="48000"`)
			o.edit = func(_, text string) string {
				return start.Replace(static.ReplaceAllString(text, `type="static" mediaPresentationDuration="PT950000000S" maxSeg`))
			}
		}, "dash/static-start"},
		{"a segment that cannot be had", regular, status(404, "", asks("GET", "/v0/t")), "dash/segment-available"},
		{"a header that cannot be had", regular, status(404, "", asks("GET", "/v0/init")), "dash/segment-available"},
		{"a manifest that is gone", regular, status(404, "", func(r *http.Request) bool {
			return strings.Contains(r.URL.Path, "mpd") && time.Now().Second() > 4 && time.Now().Second() < 30
		}), "dash/manifest-available"},
	})
}

// Growing segments, and what the manifest says of them.
func TestBrokenLowLatencyMPD(t *testing.T) {
	grow := func(f func(o *imitation, w http.ResponseWriter, r *http.Request, t *imitated, k int)) func(*imitation) {
		return func(o *imitation) {
			o.grow = func(w http.ResponseWriter, r *http.Request, k int) {
				track := o.tracks[0]
				if strings.Contains(r.URL.Path, "a0") {
					track = o.tracks[1]
				}
				f(o, w, r, track, k)
			}
		}
	}
	runBreakages(t, []breakage{
		{"no availabilityTimeComplete", lowDASH, replace(` availabilityTimeComplete="false"`, ""), "lldash/availability-complete lldash/segment-set http/content-length"},
		{"no availabilityTimeOffset", lowDASH, replace(` availabilityTimeOffset="1.8"`, ""), "lldash/availability-offset lldash/segment-set"},
		{"availabilityTimeOffset of a segment", lowDASH, replace(`availabilityTimeOffset="1.8"`, `availabilityTimeOffset="2.0"`), "lldash/availability-offset"},
		{"no ServiceDescription", lowDASH, replace(`<ServiceDescription.*\n`, ""), "lldash/service-description"},
		{"no Latency", lowDASH, replace(`<Latency[^>]*>`, ""), "lldash/latency"},
		{"Latency out of its range", lowDASH, replace(`max="6000"`, `max="1000"`), "lldash/latency"},
		{"Latency that refers to nothing", lowDASH, replace(`referenceId="1"`, `referenceId="9"`), "lldash/latency-reference"},
		{"a rate above 1 at least", lowDASH, replace(`PlaybackRate min="0.96"`, `PlaybackRate min="1.01"`), "lldash/playback-rate"},
		{"no ProducerReferenceTime", lowDASH, replace(`<ProducerReferenceTime.*\n`, ""), "lldash/latency-reference lldash/producer-reference"},
		{"ProducerReferenceTime of another type", lowDASH, replace(`type="encoder"`, `type="application"`), "lldash/producer-reference"},
		{"ProducerReferenceTime of another clock", lowDASH, replace(`"time"/></Prod`, `"clock"/></Prod`), "lldash/producer-clock"},
		{"no prft", lowDASH, chunks(func(_ int, c *imitatedChunk) { c.clock = false }), "lldash/producer-boxes"},
		{"prft of another time", lowDASH, chunks(func(_ int, c *imitatedChunk) { c.clocked = c.clocked.Add(-100 * time.Second) }), "lldash/producer-box-time"},
		{"prft of the future", lowDASH, chunks(func(_ int, c *imitatedChunk) { c.clocked = c.clocked.Add(5 * time.Second) }), "lldash/producer-box-time"},
		{"prft of a slow encoder", lowDASH, chunks(func(_ int, c *imitatedChunk) { c.clocked = c.clocked.Add(-3 * time.Second) }), ""},
		{"ProducerReferenceTime of another year", lowDASH, replace(`wallClockTime="1970`, `wallClockTime="1969`), "lldash/producer-time"},
		{"ProducerReferenceTime of the future", lowDASH, replace(`wallClockTime="1970-01-01T00:00:00Z"`, `wallClockTime="1970-01-01T00:00:05Z"`), "lldash/producer-time"},
		{"two ProducerReferenceTime of one id", lowDASH, replace(`Time id="2"`, `Time id="1"`), "lldash/producer-reference"},
		{"Resync closer than chunks are", lowDASH, replace(`dT="1000000"`, `dT="90"`), "lldash/resync-distance"},
		{"availabilityTimeOffset of less than a chunk", lowDASH, replace(`availabilityTimeOffset="1.8"`, `availabilityTimeOffset="1.99"`), "lldash/availability-early"},
		{"a buffer deeper than what is kept", lowDASH, func(o *imitation) {
			replace(`timeShiftBufferDepth="PT24S"`, `timeShiftBufferDepth="PT1H"`)(o)
		}, "dash/segment-available"},
		{"no profile", lowDASH, replace(`,http://www.dashif.org/guidelines/low-latency-live-v5`, ""), "lldash/profile"},
		{"no Resync", lowDASH, replace(`<Resync.*\n`, ""), "lldash/resync"},
		{"startNumber changes", lowDASH, later(replace(`startNumber="0" `, `startNumber="1" presentationTimeOffset="0" `)), "dash/duration-drift dash/publish-time-change dash/template-change"},
		{"numbers that drift", lowDASH, replace(`startNumber="0"`, `startNumber="1"`), "dash/duration-drift"},
		{"media that drift", lowDASH, chunks(func(_ int, c *imitatedChunk) { c.time -= 100_000; c.clocked = c.clocked.Add(-time.Second) }), "dash/duration-drift lldash/late"},
		{"a segment only when it is complete", lowDASH, grow(func(o *imitation, w http.ResponseWriter, r *http.Request, t *imitated, k int) {
			until(r.Context(), partEnd(k+perSegment-1))
			if r.Context().Err() != nil {
				return
			}
			o.media(w, r, t, fmt.Sprintf("n%d.m4s", k/perSegment))
		}), "lldash/growing"},
		{"a whole segment at once, chunked", lowDASH, grow(func(o *imitation, w http.ResponseWriter, r *http.Request, t *imitated, k int) {
			until(r.Context(), partEnd(k+perSegment-1))
			for i := range perSegment {
				_, _ = w.Write(o.bytesOf(t, k+i))
				_ = http.NewResponseController(w).Flush()
			}
		}), "lldash/growing"},
		{"chunks that come late", lowDASH, grow(func(o *imitation, w http.ResponseWriter, r *http.Request, t *imitated, k int) {
			for i := range perSegment {
				until(r.Context(), partEnd(k+i+4*min(i, 1)))
				_, _ = w.Write(o.bytesOf(t, k+i))
				_ = http.NewResponseController(w).Flush()
			}
		}), "lldash/late"},
		{"chunks that trickle", lowDASH, grow(func(o *imitation, w http.ResponseWriter, r *http.Request, t *imitated, k int) {
			for i := range perSegment {
				body := o.bytesOf(t, k+i)
				for j := range 10 {
					until(r.Context(), partEnd(k+i-1).Add(partTime*time.Duration(j+1)/10))
					_, _ = w.Write(body[len(body)*j/10 : len(body)*(j+1)/10])
					_ = http.NewResponseController(w).Flush()
				}
			}
		}), "lldash/chunk-burst"},
		{"a segment that breaks off", lowDASH, grow(func(o *imitation, w http.ResponseWriter, _ *http.Request, t *imitated, k int) {
			_, _ = w.Write(o.bytesOf(t, k)[:50])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}), "dash/segment-available"},
		{"far ahead with an empty body", lowDASH, status(200, "", func(r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/n") && time.Until(time.Unix(int64(number(r.URL.Path))*2, 0)) > 20*time.Second
		}), "lldash/early-answer"},
		{"far ahead and held", lowDASH, func(o *imitation) {
			o.serve = func(_ http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, "/n") && time.Until(time.Unix(int64(number(r.URL.Path))*2, 0)) > 20*time.Second {
					until(r.Context(), time.Now().Add(time.Minute))
				}
				return false
			}
		}, "lldash/early"},
		{"a growing segment that no cache may hold", lowDASH, field(".m4s", "Cache-Control", "no-store"), "http/cache-media"},
		{"a segment only after it is complete", lowDASH, func(o *imitation) {
			o.serve = func(w http.ResponseWriter, r *http.Request) bool {
				if n := number(r.URL.Path); n > 0 && strings.Contains(r.URL.Path, "/n") && time.Now().Before(time.Unix(int64(n+1)*2, 0)) {
					http.NotFound(w, r)
					return true
				}
				return false
			}
		}, "dash/segment-available"},
	})
}
