package check

// The standards, as references name them.
const (
	hls    = "RFC 8216bis, "
	apple  = "Apple HLS Authoring Specification, "
	dash   = "ISO/IEC 23009-1, "
	timing = "DASH-IF IOP, Timing Model and Addressing, "
	iop    = "DASH-IF IOP v5 part 4 (low latency), "
	cmaf   = "ISO/IEC 23000-19 (CMAF), "
	bmff   = "ISO/IEC 14496-12, "
	http9  = "RFC 9110 (HTTP), "
	cache  = "RFC 9111 (HTTP Caching), "
	fetch  = "Fetch Standard, "
)

// playlistRules are those of media playlists, whatever their latency.
func playlistRules() []Rule {
	return []Rule{
		{"hls/utf-8", Must, hls + "4.1", "a playlist is UTF-8 without a byte order mark"},
		{"hls/first-line", Must, hls + "4.4.1.1", "#EXTM3U is the first line of a playlist"},
		{"hls/syntax", Must, hls + "4.2", "tags and attribute lists are well-formed and complete"},
		{"hls/tag-once", Must, hls + "4.4.3", "a tag that applies to the whole playlist stands there once"},
		{"hls/playlist-kind", Must, hls + "4.1", "tags of media playlists and of multivariant playlists do not stand together"},
		{"hls/uri", Must, hls + "4.1", "a URI can be resolved and is one of HTTP"},
		{"hls/version", Must, hls + "8", "EXT-X-VERSION is as high as what the playlist uses needs"},
		{"hls/version-high", Should, hls + "6.2.1", "EXT-X-VERSION is not higher than what the playlist uses needs"},
		{"hls/target-duration", Must, hls + "4.4.3.1", "a media playlist has EXT-X-TARGETDURATION, an integer of at least 1"},
		{"hls/extinf-target", Must, hls + "4.4.3.1", "EXTINF, rounded to the nearest integer, is not more than EXT-X-TARGETDURATION"},
		{"hls/target-duration-change", Must, hls + "6.2.1", "EXT-X-TARGETDURATION never changes"},
		{"hls/same-target-duration", Must, hls + "6.2.4", "all media playlists of a presentation have one EXT-X-TARGETDURATION"},
		{"hls/extinf", Must, hls + "4.4.4.1", "each segment has an EXTINF: a number, and a comma"},
		{"hls/extinf-media", Must, hls + "4.4.4.1", "EXTINF is the duration of the segment's media"},
		{"hls/sequence-order", Must, hls + "4.4.3.2 and 4.4.3.3", "EXT-X-MEDIA-SEQUENCE stands before the first segment, and EXT-X-DISCONTINUITY-SEQUENCE also before any EXT-X-DISCONTINUITY"},
		{"hls/media-sequence", Must, hls + "6.2.2", "EXT-X-MEDIA-SEQUENCE never decreases"},
		{"hls/removal", Must, hls + "6.2.1", "only the oldest segments leave a playlist"},
		{"hls/segment-change", Must, hls + "6.2.1", "URI, EXTINF, date and header of a listed segment never change, nor whether it is a gap"},
		{"hls/uri-reuse", Must, hls + "6.2.1", "a URI names one segment or part for ever"},
		{"hls/window", Must, hls + "6.2.2", "no segment is removed while less than three target durations would be left"},
		{"hls/segment-late", Must, hls + "6.2.1", "a new segment comes within one and a half target durations"},
		{"hls/segment-available", Must, hls + "6.2.1", "a listed segment can be had"},
		{"hls/segment-removed", Must, hls + "6.2.2", "a removed segment can be had for its duration and that of the longest playlist which had it"},
		{"hls/playlist-available", Must, hls + "6.2.1", "a live playlist can be had for as long as a multivariant playlist offers it"},
		{"hls/discontinuity-sequence", Must, hls + "6.2.2", "a playlist with EXT-X-DISCONTINUITY from which segments are removed has EXT-X-DISCONTINUITY-SEQUENCE"},
		{"hls/discontinuity-count", Must, hls + "6.2.2", "EXT-X-DISCONTINUITY-SEQUENCE rises by one exactly when an EXT-X-DISCONTINUITY leaves the playlist"},
		{"hls/map", Must, hls + "3.1.2", "fragmented MP4 has an EXT-X-MAP"},
		{"hls/map-available", Must, hls + "4.4.4.5", "the header that EXT-X-MAP names can be had"},
		{"hls/date-time", Must, apple + "live streams", "a live playlist has EXT-X-PROGRAM-DATE-TIME"},
		{"hls/date-time-format", Must, hls + "4.4.4.6", "EXT-X-PROGRAM-DATE-TIME is a date and time of ISO 8601"},
		{"hls/date-time-precision", Should, hls + "4.4.4.6", "EXT-X-PROGRAM-DATE-TIME has a time zone and milliseconds"},
		{"hls/date-time-discontinuity", Should, hls + "6.2.1", "a segment behind a discontinuity has an EXT-X-PROGRAM-DATE-TIME"},
		{"hls/date-time-order", Must, hls + "6.2.1", "dates do not make media overlap"},
		{"hls/date-time-drift", Should, hls + "6.2.1", "dates and EXTINF agree between discontinuities"},
		{"hls/same-date-time", Must, hls + "6.2.4", "when one media playlist has EXT-X-PROGRAM-DATE-TIME, all have"},
		{"hls/date-time-apart", Must, hls + "6.2.4", "the dates of all renditions are of one clock: a media time has one date, to a segment"},
		{"hls/independent-segments", Must, hls + "4.4.2.1", "with EXT-X-INDEPENDENT-SEGMENTS each segment starts with a sync sample"},
		{"hls/playlist-type", Must, hls + "4.4.3.5", "EXT-X-PLAYLIST-TYPE never changes, and nothing leaves such a playlist"},
		{"hls/ended", Must, hls + "4.4.3.4", "EXT-X-ENDLIST is the last word"},
		{"hls/bitrate", Should, hls + "4.4.4.8", "EXT-X-BITRATE is within a tenth of the truth"},
		{"hls/start", Should, hls + "4.4.2.2", "EXT-X-START of a live playlist is not within three target durations of its end"},
		{"hls/date-range", Must, hls + "4.4.5.1", "a playlist with EXT-X-DATERANGE has EXT-X-PROGRAM-DATE-TIME"},
		{"hls/hold-back", Must, hls + "4.4.3.8", "HOLD-BACK is at least three target durations"},
		{"hls/query", Must, hls + "6.2.5", "a query that the server does not know changes nothing"},
		{"ts/packets", Must, "ISO/IEC 13818-1, 2.4.3.2", "a transport stream is packets of 188 bytes that begin with 0x47"},
		{"ts/tables", Must, hls + "3.1.1", "each segment of a transport stream has a PAT and a PMT"},
	}
}

// lowLatencyRules are those of LL-HLS.
func lowLatencyRules() []Rule {
	return []Rule{
		{"hls/part-inf", Must, hls + "4.4.3.7", "a playlist with EXT-X-PART has EXT-X-PART-INF"},
		{"hls/part-target-change", Must, hls + "4.4.3.7", "PART-TARGET never changes"},
		{"hls/part-missing", Must, hls + "B.1", "a low-latency playlist lists parts"},
		{"hls/part-duration", Must, hls + "4.4.4.9", "DURATION of a part is not more than PART-TARGET"},
		{"hls/part-short", Must, hls + "4.4.4.9", "a part has at least 85 % of PART-TARGET, unless it is independent, the last of its segment, or before a gap"},
		{"hls/part-sum", Must, hls + "3.2", "the durations of all parts of a segment are its EXTINF together"},
		{"hls/part-media", Must, hls + "4.4.4.9", "DURATION of a part is the duration of its media"},
		{"hls/part-bytes", Must, hls + "3.2", "the parts of a segment are its bytes, and never change"},
		{"hls/part-change", Must, hls + "6.2.1", "URI and DURATION of a listed part never change, and none goes"},
		{"hls/part-independent", Should, hls + "4.4.4.9", "a part with a sync sample says INDEPENDENT=YES"},
		{"hls/part-independent-wrong", Must, hls + "4.4.4.9", "a part that says INDEPENDENT=YES has a sync sample"},
		{"hls/part-old", Should, hls + "6.2.2", "parts are listed within three target durations of the end"},
		{"hls/part-late", Must, hls + "6.2.1", "a new part comes within PART-TARGET"},
		{"hls/part-available", Must, hls + "6.2.2", "a listed part can be had"},
		{"hls/part-burst", Must, hls + "6.2.6", "no byte of a part comes before the whole part is there"},
		{"hls/part-tag-order", Must, hls + "4.4.4.9", "tags that apply to a segment stand before its first EXT-X-PART"},
		{"hls/server-control", Must, hls + "4.4.3.8", "a playlist with parts has EXT-X-SERVER-CONTROL with PART-HOLD-BACK"},
		{"hls/server-control-change", Must, hls + "6.2.1", "EXT-X-SERVER-CONTROL never changes"},
		{"hls/same-server-control", Must, hls + "6.2.4", "all media playlists of a presentation have one EXT-X-SERVER-CONTROL"},
		{"hls/part-hold-back", Must, hls + "4.4.3.8", "PART-HOLD-BACK is at least twice PART-TARGET"},
		{"hls/part-hold-back-short", Should, hls + "4.4.3.8", "PART-HOLD-BACK is at least three times PART-TARGET"},
		{"hls/block-reload", Must, hls + "B.1", "a low-latency playlist says CAN-BLOCK-RELOAD=YES"},
		{"hls/block-hold", Must, hls + "6.2.5.2", "a request with _HLS_msn and _HLS_part is held until that part is there"},
		{"hls/block-segment", Must, hls + "6.2.5.2", "a request with _HLS_msn alone is held until the whole segment is there"},
		{"hls/block-rollover", Must, hls + "6.2.5.2", "a part behind the last one of a finished segment means the first one of the next"},
		{"hls/block-old", Must, hls + "6.2.5.2", "a request for what has been is answered at once with the whole playlist"},
		{"hls/block-status", Must, hls + "6.2.5.2", "a request for what comes next is answered with a playlist"},
		{"hls/block-timeout", Should, hls + "6.2.5.2", "no request is held longer than three target durations"},
		{"hls/block-part-alone", Must, hls + "6.2.5.2", "_HLS_part without _HLS_msn is answered 400"},
		{"hls/block-far", Should, hls + "6.2.5.2", "a request for what is far ahead is answered 400 at once"},
		{"hls/block-malformed", Should, hls + "6.2.5.2", "a directive that is no number is answered 400"},
		{"hls/can-skip-until", Must, hls + "4.4.3.8", "CAN-SKIP-UNTIL is at least six target durations, and CAN-SKIP-DATERANGES stands beside it"},
		{"hls/delta-form", Must, hls + "6.2.5.1", "EXT-X-SKIP stands only where it was asked for and is allowed"},
		{"hls/delta-boundary", Must, hls + "6.2.5.1", "only segments further from the end than CAN-SKIP-UNTIL are skipped"},
		{"hls/delta-merge", Must, hls + "6.3.7", "a delta and what was known before make the whole playlist"},
		{"hls/delta-complete", Must, hls + "6.2.5.1", "a delta has every hint and rendition report"},
		{"hls/delta-unused", Should, hls + "6.2.5.1", "CAN-SKIP-UNTIL is kept"},
		{"hls/preload-hint", Must, hls + "4.4.5.3", "the part that comes has the hinted URI"},
		{"hls/preload-hint-answer", Must, hls + "6.2.6", "a request for what is hinted is answered with it"},
		{"hls/preload-hint-missing", Must, hls + "B.1", "a live playlist with parts has EXT-X-PRELOAD-HINT"},
		{"hls/preload-hint-once", Must, hls + "4.4.5.3", "there is at most one EXT-X-PRELOAD-HINT of each type"},
		{"hls/preload-hint-ended", Must, hls + "6.2.2", "there is no EXT-X-PRELOAD-HINT beside EXT-X-ENDLIST"},
		{"hls/rendition-report", Must, hls + "B.1", "there is an EXT-X-RENDITION-REPORT of each other media playlist, with a relative URI"},
		{"hls/rendition-report-stale", Must, hls + "4.4.5.4", "a rendition report is as new as the playlist that it stands in, to a part and PART-TARGET"},
		{"hls/rendition-report-part", Must, hls + "4.4.5.4", "a rendition report has LAST-PART, unless it is that of the playlist that it stands in"},
	}
}

// multivariantRules are those of multivariant playlists.
func multivariantRules() []Rule {
	return []Rule{
		{"hls/stream-inf", Must, hls + "4.4.6.2", "each EXT-X-STREAM-INF has a URI behind it, and there is one"},
		{"hls/bandwidth", Must, hls + "4.4.6.2", "BANDWIDTH is a bit rate, and AVERAGE-BANDWIDTH is not more"},
		{"hls/bandwidth-peak", Should, hls + "4.4.6.2", "BANDWIDTH is at least the bit rate of the largest segment"},
		{"hls/bandwidth-high", Should, hls + "4.4.6.2", "BANDWIDTH is not many times the bit rate of the largest segments"},
		{"hls/codecs-missing", Should, hls + "4.4.6.2", "EXT-X-STREAM-INF has CODECS"},
		{"hls/codecs", Must, hls + "6.2.4", "CODECS names every format of the variant"},
		{"hls/codecs-absent", Must, hls + "4.4.6.2", "each format in CODECS is in a rendition of the variant"},
		{"hls/resolution", Should, hls + "4.4.6.2", "a variant with video has RESOLUTION, and FRAME-RATE has at most three decimals"},
		{"hls/resolution-media", Should, hls + "4.4.6.2", "RESOLUTION and FRAME-RATE are those of the media"},
		{"hls/group", Must, hls + "4.4.6.2", "AUDIO, VIDEO and SUBTITLES name a group that is there"},
		{"hls/media-name", Must, hls + "4.4.6.1.1", "renditions of one group have different names"},
		{"hls/media-default", Must, hls + "4.4.6.1", "DEFAULT=YES stands beside no AUTOSELECT=NO"},
	}
}

// mediaRules are those of CMAF.
func mediaRules() []Rule {
	return []Rule{
		{"cmaf/boxes", Must, bmff + "4.2", "boxes are whole and in order"},
		{"cmaf/brand", Must, cmaf + "7.2", "ftyp has a brand of iso6 or later, or cmfc"},
		{"cmaf/one-track", Must, cmaf + "7.3.1", "a header has one track"},
		{"cmaf/header", Must, cmaf + "7.3.1", "a header has an mvex, a timescale, and no samples"},
		{"cmaf/header-duration", Must, cmaf + "7.5.4", "durations in mvhd and tkhd are 0"},
		{"cmaf/edit-list", Must, cmaf + "7.5.13", "an edit list has one entry"},
		{"cmaf/es-id", Should, cmaf + "10.3.4.2.3", "ES_ID of AAC is 0"},
		{"cmaf/fragment", Must, cmaf + "7.3.2.3", "a chunk has one track fragment with one run"},
		{"cmaf/tfdt", Must, bmff + "8.8.12", "each track fragment has its decode time"},
		{"cmaf/addressing", Must, cmaf + "7.5.16", "data are addressed from the start of the moof"},
		{"cmaf/data", Must, bmff + "8.8.8", "the samples of a run lie in the mdat behind it, and fill it"},
		{"cmaf/samples", Must, cmaf + "7.3.2.3", "a chunk has samples, and each has a duration"},
		{"cmaf/track-id", Must, cmaf + "7.3.2.3", "chunks are of the track of their header"},
		{"cmaf/continuity", Must, cmaf + "7.3.2.3", "the decode time of a chunk is where the one before it ends"},
		{"cmaf/sequence-number", Must, bmff + "8.8.5", "sequence numbers of movie fragments increase"},
	}
}
