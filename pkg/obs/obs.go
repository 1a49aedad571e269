// Package obs makes the text that OBS Studio takes for multitrack video: which
// encoders it is to run, with which sizes and bit rates, and where it is to
// publish what they make. It does no I/O.
//
//	encoding, err := obs.Wish{Ladder: "1080p60:6000,720p30:3000"}.Parse()
//	ingest, err := obs.NewIngest("media.example", 1935, "live", "show")
//	text, err := obs.Make(ingest, encoding, obs.KeyInterval(2*time.Second)).Text()
//
// The form is that of the answer to OBS's GetClientConfiguration request, which
// OBS 30.2 and later also take by hand, as "Config Override". OBS refuses
// the whole text where meta, a frame rate or an audio configuration lacks one of
// the fields that they have here, and where there is no video encoder or no live
// audio.
package obs

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Configuration is the text, as Go has it.
type Configuration struct {
	Meta   Meta       `json:"meta"`
	Ingest []Endpoint `json:"ingest_endpoints"`
	Video  []Video    `json:"encoder_configurations"`
	Audio  Audio      `json:"audio_configurations"`
}

// Meta says who made a Configuration.
type Meta struct {
	Service string `json:"service"`
	Schema  string `json:"schema_version"` // a date
	ID      string `json:"config_id"`      // OBS would add it to the stream key
}

// An Endpoint is where to publish.
type Endpoint struct {
	Protocol string `json:"protocol"`       // OBS takes the first that begins with RTMP
	URL      string `json:"url_template"`   // OBS cuts "/{stream_key}" off; it prefers a server of its own settings
	Key      string `json:"authentication"` // stream key, which OBS prefers to that of its own settings
}

// Video is one video track.
type Video struct {
	Type     string         `json:"type"` // id of an encoder
	Width    int            `json:"width"`
	Height   int            `json:"height"`
	Rate     Rate           `json:"framerate"`
	Canvas   int            `json:"canvas_index"`
	Settings map[string]any `json:"settings"` // of that encoder
}

// Audio is the audio tracks. All that are live have the same sound. VOD is sent
// as a further track where OBS is told to send a "Twitch VOD track", which has a
// mix of its own: without an entry here it would refuse to start then.
type Audio struct {
	Live []Sound `json:"live"`
	VOD  []Sound `json:"vod"`
}

// A Sound is one audio track. What codec it has is for OBS's own settings to say.
type Sound struct {
	Codec    string        `json:"codec"`
	Track    int           `json:"track_id"`
	Channels int           `json:"channels"`
	Settings SoundSettings `json:"settings"`
}

// SoundSettings are those of an audio encoder.
type SoundSettings struct {
	Bitrate int `json:"bitrate"` // kb/s
}

// An Ingest is where OBS is to publish.
type Ingest struct {
	host   string // in brackets if it is an address of version 6
	port   int    // of RTMP
	secure int    // of RTMPS, 0 for none
	app    string
	key    string
}

// The ports that encoders take when an address has none.
const (
	defaultPort   = 1935 // rtmp://
	defaultSecure = 443  // rtmps://
)

// NewIngest returns the place of a stream. host is a name or an IP address, of
// version 6 without brackets. An error says what is wrong with host or port.
func NewIngest(host string, port int, app, key string) (Ingest, error) {
	switch {
	case host == "":
		return Ingest{}, errors.New("the host to publish at is not known")
	case !isHost(host):
		return Ingest{}, fmt.Errorf("%q is no host to publish at", host)
	case port < 1 || port > 65535:
		return Ingest{}, fmt.Errorf("%d is no port to publish at", port)
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return Ingest{host: host, port: port, app: app, key: key}, nil
}

// WithTLS returns the same place, which can also be reached by RTMPS at a port; that is better. 0
// adds nothing.
func (in Ingest) WithTLS(port int) Ingest {
	in.secure = port
	return in
}

// endpoints returns all that lead there, the best first.
func (in Ingest) endpoints() []Endpoint {
	var all []Endpoint
	if in.secure != 0 {
		all = append(all, in.endpoint("rtmps", in.secure, defaultSecure))
	}
	return append(all, in.endpoint("rtmp", in.port, defaultPort))
}

func (in Ingest) endpoint(scheme string, port, usual int) Endpoint {
	host := in.host
	if port != usual {
		host += ":" + strconv.Itoa(port)
	}
	return Endpoint{Protocol: strings.ToUpper(scheme), URL: scheme + "://" + host + "/" + in.app + "/{stream_key}", Key: in.key}
}

func isHost(text string) bool {
	if strings.Contains(text, ":") {
		addr, err := netip.ParseAddr(text)
		return err == nil && addr.Zone() == ""
	}
	return regexp.MustCompile(`^[0-9A-Za-z._-]+$`).MatchString(text)
}

// longestInterval is that of key frames, in seconds: nobody can begin to watch
// between two.
const longestInterval = 4

// KeyInterval returns the time between key frames that goes with segments of a
// length, in seconds: the longest of at most four that divides it, so that
// segments are as long as they should be. OBS knows whole seconds only, so a
// length that has none, such as 2.5 s, gets the shortest.
func KeyInterval(segment time.Duration) int {
	for n := longestInterval; n > 1; n-- {
		if segment >= time.Second && segment%(time.Duration(n)*time.Second) == 0 {
			return n
		}
	}
	return 1
}

// Make returns what OBS must be told to publish there, so encoded, with key
// frames every so many seconds in all video tracks.
func Make(in Ingest, e Encoding, keyInterval int) Configuration {
	c := Configuration{
		Meta:   Meta{Service: "Sluice", Schema: "2024-06-04"},
		Ingest: in.endpoints(),
	}
	for _, r := range e.Ladder {
		c.Video = append(c.Video, Video{
			Type: e.Encoder.id, Width: r.Width, Height: r.Height, Rate: r.Rate,
			Settings: e.Encoder.settings(r.Bitrate, keyInterval),
		})
	}
	for i, bitrate := range e.Audio {
		c.Audio.Live = append(c.Audio.Live, stereo(i, bitrate))
	}
	c.Audio.VOD = []Sound{stereo(len(e.Audio), e.Audio[0])}
	return c
}

func stereo(track, bitrate int) Sound {
	return Sound{Codec: "aac", Track: track, Channels: 2, Settings: SoundSettings{bitrate}}
}

// Text returns the configuration as JSON that people can read.
func (c Configuration) Text() ([]byte, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	return append(text, '\n'), err
}
