package monitor

import (
	"math"
	"time"

	"sluice/pkg/live"
	"sluice/pkg/media"
	"sluice/pkg/stream"
	"sluice/pkg/timeline"
)

// A Report is how a stream is. Times are in seconds and rates in bits a second where nothing else
// is said. Counts are of its whole life.
type Report struct {
	App       string            `json:"app"`
	Name      string            `json:"name"`
	Path      string            `json:"path" doc:"of its page, below which its playlists and manifests are" example:"/live/show/"`
	Started   time.Time         `json:"started"`
	Publisher *Publisher        `json:"publisher,omitempty" doc:"who is on air"`
	Standby   bool              `json:"standby" doc:"somebody stands by"`
	Live      bool              `json:"live" doc:"somebody publishes it"`
	Ended     bool              `json:"ended" doc:"nothing more will come; it can still be watched for a while"`
	Ready     bool              `json:"ready" doc:"there is something to play"`
	Viewers   int               `json:"viewers" doc:"about how many watch, where no CDN stands between"`
	Bitrate   int               `json:"bitrate" doc:"of all tracks, of the newest segments"`
	FrameRate float64           `json:"frameRate" doc:"of the first track of video"`
	Tracks    []Track           `json:"tracks"`
	Drift     float64           `json:"drift" doc:"of the publisher's clock against the gateway's, in millionths; positive when it is fast"`
	Behind    float64           `json:"behind" doc:"by which frames come later than usual"`
	Window    float64           `json:"window" doc:"for which segments stay listed"`
	Counts    Counts            `json:"counts"`
	Repairs   map[string]uint64 `json:"repairs" doc:"mistakes in the publishers' timestamps that were mended, by kind"`
	Findings  []Finding         `json:"findings" doc:"what its broadcaster should change, the worst first"`
}

// A Publisher is who publishes a stream.
type Publisher struct {
	Encoder string    `json:"encoder" doc:"the name that it has of itself"`
	Since   time.Time `json:"since"`
	Address string    `json:"address,omitempty" doc:"of operators only: where it comes from"`
	Conn    uint64    `json:"conn,omitempty" doc:"of operators only: number of its connection in the log"`
}

// Public returns the report without what only operators may know.
func (r Report) Public() Report {
	if p := r.Publisher; p != nil {
		r.Publisher = &Publisher{Encoder: p.Encoder, Since: p.Since}
	}
	return r
}

// Counts are how often things happened.
type Counts struct {
	Publishers   uint64 `json:"publishers" doc:"that went on air"`
	Periods      uint64 `json:"periods" doc:"that began: one more than there are discontinuities"`
	LostSegments uint64 `json:"lostSegments" doc:"that could not be stored: viewers got gaps"`
	Narrowed     uint64 `json:"narrowed" doc:"how often the window was made shorter to save room"`
}

// A Track is one track of a stream.
type Track struct {
	ID         string  `json:"id" example:"v0"`
	Kind       string  `json:"kind" enum:"video,audio"`
	Codec      string  `json:"codec" example:"H.264"`
	Codecs     string  `json:"codecs" doc:"RFC 6381" example:"avc1.64001f"`
	Language   string  `json:"language,omitempty" doc:"BCP 47"`
	Title      string  `json:"title,omitempty"`
	Bitrate    int     `json:"bitrate"`
	Width      int     `json:"width,omitempty" doc:"pixels"`
	Height     int     `json:"height,omitempty" doc:"pixels"`
	FrameRate  float64 `json:"frameRate,omitempty" doc:"measured, in frames a second"`
	SampleRate int     `json:"sampleRate,omitempty" doc:"hertz"`
	Channels   int     `json:"channels,omitempty"`

	KeyFrameShortest float64 `json:"keyFrameShortest,omitempty" doc:"shortest time from one key frame to the next, of the newest eight"`
	KeyFrameLongest  float64 `json:"keyFrameLongest,omitempty"`
	Reorder          float64 `json:"reorder,omitempty" doc:"from when a picture is decoded to when it is shown (B-frames)"`
	Skew             float64 `json:"skew,omitempty" doc:"how far sound is ahead of the picture as they come"`
	Offset           float64 `json:"offset,omitempty" doc:"by which its key frames are shown behind those of the track that leads"`
	LeftOut          bool    `json:"leftOut,omitempty" doc:"since its key frames are elsewhere"`
}

// report describes a stream.
func report(v stream.Vitals, p *live.Presentation, s *live.Snapshot) Report {
	r := Report{
		App: v.Name.App, Name: v.Name.Key, Path: "/" + v.Name.App + "/" + v.Name.Key + "/", Started: p.Started.UTC().Truncate(time.Millisecond),
		Live: v.Publishing, Standby: v.Standby, Ended: s.Ended, Ready: len(s.Spans()) > 0,
		Drift: round(v.Drift, 1), Behind: seconds(v.Behind), Window: seconds(v.Window),
		Counts: Counts{Publishers: v.Publishers, Periods: v.Periods, LostSegments: v.Lost, Narrowed: v.Narrowed},
		Tracks: []Track{}, Findings: []Finding{}, Repairs: make(map[string]uint64),
	}
	if v.Publishing {
		r.Publisher = &Publisher{Encoder: v.Publisher.Encoder, Since: v.Since.UTC().Truncate(time.Millisecond), Conn: v.Publisher.Conn}
		if v.Publisher.Remote.IsValid() {
			r.Publisher.Address = v.Publisher.Remote.String()
		}
	}
	for kind, n := range v.Repairs {
		if n > 0 {
			r.Repairs[timeline.Repair(kind).String()] = n
		}
	}
	for _, t := range v.Tracks {
		track := describe(t, v.Films, s.Rendition(t.ID))
		r.Tracks = append(r.Tracks, track)
		if v.Publishing {
			r.Bitrate += track.Bitrate
		}
		if r.FrameRate == 0 && v.Publishing {
			r.FrameRate = track.FrameRate
		}
	}
	return r
}

// describe describes a track, of which there may be nothing yet.
func describe(v stream.TrackVitals, films []stream.Film, r *live.Rendition) Track {
	t := Track{
		ID: v.ID.String(), Kind: v.ID.Kind.String(), Codec: v.Codec.String(), Codecs: v.Codecs,
		Language: v.Title.Language, Title: v.Title.Name,
		Width: v.Width, Height: v.Height, SampleRate: v.SampleRate, Channels: v.Channels,
		KeyFrameShortest: seconds(v.Shortest), KeyFrameLongest: seconds(v.Longest), Reorder: seconds(v.Delay), Skew: seconds(v.Skew),
	}
	for _, f := range films {
		if f.Track == v.ID {
			t.Offset, t.LeftOut = seconds(f.Offset), f.LeftOut
		}
	}
	if r == nil {
		return t
	}
	rates := measure(r)
	t.Bitrate = int(rates.bits)
	if v.ID.Kind == media.Video {
		t.FrameRate = round(rates.frames, 2)
	}
	return t
}

// rates are those of the newest segments of a track, in a second.
type rates struct{ bits, frames float64 }

// measure measures a few seconds of a track.
func measure(r *live.Rendition) rates {
	const enough = 5 * time.Second
	var length time.Duration
	var bytes int64
	var frames int
	for i := len(r.Segments) - 1; i >= 0 && length < enough; i-- {
		seg := &r.Segments[i]
		if seg.Gap {
			break
		}
		length, bytes, frames = length+seg.Length(), bytes+seg.Size, frames+seg.Frames
	}
	if length <= 0 {
		return rates{}
	}
	return rates{float64(bytes) * 8 / length.Seconds(), float64(frames) / length.Seconds()}
}

// seconds returns d in seconds, to the millisecond.
func seconds(d time.Duration) float64 { return round(d.Seconds(), 3) }

// round rounds x to so many digits behind the point.
func round(x float64, digits int) float64 {
	unit := math.Pow10(digits)
	return math.Round(x*unit) / unit
}
