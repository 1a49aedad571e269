package monitor

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/stream"
	"sluice/pkg/timeline"
)

const (
	// uneven is by which fraction something regular may vary.
	uneven = 0.1

	// apart is how far sound may be ahead of the picture, or behind it, as they come.
	apart = 400 * time.Millisecond

	// adrift is how many millionths a clock may be fast or slow: 10 s a day.
	adrift = 115

	// tardy is by how much frames may come later than usual.
	tardy = time.Second

	// reordered is for how long pictures may wait to be shown in order.
	reordered = time.Millisecond
)

// diagnose returns what is wrong with a stream, the worst first, of which times were repaired lately.
// There may be no snapshot.
func (m *Monitor) diagnose(v stream.Vitals, s *live.Snapshot, mended []timeline.Repair) []Finding {
	all := []Finding{}
	for _, w := range v.Warnings {
		all = append(all, Finding{Code: w.Code, Level: Warning, Text: w.Text})
	}
	for _, t := range v.Tracks {
		if t.ID.Kind == media.Video {
			all = append(all, m.picture(t, s)...)
		} else {
			all = append(all, sound(t)...)
		}
		all = append(all, codec(t)...)
	}
	all = append(all, clock(v, mended)...)
	slices.SortStableFunc(all, worst)
	return all
}

// picture judges a track of video.
func (m *Monitor) picture(t stream.TrackVitals, s *live.Snapshot) (all []Finding) {
	add := func(code string, level Level, advice, text string, values ...any) {
		all = append(all, Finding{Code: code, Level: level, Track: t.ID.String(), Text: fmt.Sprintf(text, values...), Advice: advice})
	}
	if float64(t.Longest) > float64(m.Segment)*(1+uneven) {
		add("key-frames-far-apart", Warning, fmt.Sprintf("set the keyframe interval to %v", m.Segment),
			"key frames are up to %.1f s apart: segments are longer than they should, and viewers start later and are further behind", t.Longest.Seconds())
	}
	if t.Shortest > 0 && float64(t.Longest-t.Shortest) > float64(t.Longest)*uneven {
		add("key-frames-irregular", Notice, "set a fixed keyframe interval, and no key frames at scene cuts",
			"key frames are %.1f to %.1f s apart: segments are of different lengths", t.Shortest.Seconds(), t.Longest.Seconds())
	}
	if least, most, ok := frameRates(t.ID, s); ok && most-least > most*uneven {
		add("frame-rate-varies", Notice, "set a constant frame rate, and see whether the encoder is overloaded",
			"the frame rate varies from %.1f to %.1f frames a second", least, most)
	}
	if t.Delay > reordered {
		add("b-frames", Notice, "turn B-frames off for the lowest latency",
			"pictures come in another order than they are shown in (B-frames): viewers are %d ms further behind", t.Delay.Milliseconds())
	}
	return all
}

// frameRates returns the lowest and the highest frame rate of the newest segments of a track, in frames a second.
func frameRates(id media.TrackID, s *live.Snapshot) (least, most float64, ok bool) {
	if s == nil {
		return 0, 0, false
	}
	r := s.Rendition(id)
	if r == nil {
		return 0, 0, false
	}
	const enough, few = 8, 3
	least, n := math.Inf(1), 0
	for i := len(r.Segments) - 1; i >= 0 && n < enough; i-- {
		seg := &r.Segments[i]
		if seg.Gap || seg.Period != r.Segments[len(r.Segments)-1].Period {
			break
		}
		if length := seg.Length(); length >= s.Targets.Segment/2 {
			rate := float64(seg.Frames) / length.Seconds()
			least, most, n = min(least, rate), max(most, rate), n+1
		}
	}
	return least, most, n >= few
}

// sound judges a track of audio.
func sound(t stream.TrackVitals) []Finding {
	if t.Skew.Abs() <= apart {
		return nil
	}
	where := "ahead of"
	if t.Skew < 0 {
		where = "behind"
	}
	return []Finding{{
		Code: "audio-skew", Level: Warning, Track: t.ID.String(),
		Text:   fmt.Sprintf("sound comes %d ms %s the picture", t.Skew.Abs().Milliseconds(), where),
		Advice: "see the audio delay (sync offset) in the encoder, and whether it is overloaded",
	}}
}

// codec says what browsers cannot play.
func codec(t stream.TrackVitals) []Finding {
	where, ok := map[media.Codec]string{
		media.HEVC: "Firefox, and Chrome on some systems, cannot play it",
		media.AV1:  "Safari plays it on the newest devices only",
		media.VP9:  "Safari may not play it",
		media.AC3:  "Chrome and Firefox cannot play it",
		media.EAC3: "Chrome and Firefox cannot play it",
		media.FLAC: "HLS players of TV sets may not play it",
	}[t.Codec]
	if !ok {
		return nil
	}
	advice := "send H.264 for all"
	if t.ID.Kind == media.Audio {
		advice = "send AAC for all"
	}
	return []Finding{{Code: "codec-not-everywhere", Level: Notice, Track: t.ID.String(), Text: fmt.Sprintf("the codec is %v: %s", t.Codec, where), Advice: advice}}
}

// clock judges the times of a publisher.
func clock(v stream.Vitals, mended []timeline.Repair) (all []Finding) {
	if math.Abs(v.Drift) > adrift {
		how := "fast"
		if v.Drift < 0 {
			how = "slow"
		}
		const day = 86400
		all = append(all, Finding{
			Code: "clock-drift", Level: Notice,
			Text:   fmt.Sprintf("the encoder's clock is %s by %.0f millionths, %.0f s a day, which is corrected", how, math.Abs(v.Drift), math.Abs(v.Drift)*day/1e6),
			Advice: "take the time of the capture device or of NTP",
		})
	}
	if v.Behind > tardy {
		all = append(all, Finding{
			Code: "late", Level: Warning,
			Text:   fmt.Sprintf("what comes is %.1f s later than usual: the way here is too narrow, or the encoder is overloaded", v.Behind.Seconds()),
			Advice: "lower the bit rate",
		})
	}
	var kinds []string
	for _, kind := range mended {
		if kind != timeline.DriftCorrected {
			kinds = append(kinds, kind.String())
		}
	}
	if len(kinds) > 0 {
		all = append(all, Finding{
			Code: "times-repaired", Level: Warning,
			Text:   "timestamps were wrong within the last minute, and were repaired: " + strings.Join(kinds, ", "),
			Advice: "see the source's timestamps, and update the encoder",
		})
	}
	return all
}
