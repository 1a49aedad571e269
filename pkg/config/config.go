// Package config holds the settings of Sluice: typed, with defaults, read from a
// YAML file, then from SLUICE_* variables, then from flags, each over the last.
//
//	cfg, err := config.Load(path, os.Environ())
//	err = cfg.Set("--rtmp", "rtmp.address", ":1936")
//	err = cfg.Validate()
//
// Every error is one line that names where the value stands and which key it is:
//
//	configs/sluice.yml:12: rtmp.adress: unknown key (did you mean rtmp.address?)
//	SLUICE_SEGMENT_PART: segment.part: "quick" is not a span of time such as 30s or 250ms
package config

import (
	"maps"
	"time"

	"github.com/rs/zerolog"
)

// DefaultPath is the file that Load reads when it is given none.
const DefaultPath = "configs/sluice.yml"

// Config is all settings. What each means stands in configs/sluice.yml.
type Config struct {
	RTMP    RTMP
	HTTP    HTTP
	API     API
	TLS     TLS
	Publish Publish
	Watch   Watch
	Store   Store
	Limits  Limits
	Segment Segment
	Window  Window
	DASH    DASH
	Stream  Stream
	Ladders []List // members of streams that several publishers send, each in another quality
	TS      TS
	Stop    Stop
	Log     Log

	Webhooks []Receiver // what is told of events

	// origins says where each value came from that is not a default, such as
	// "configs/sluice.yml:12" or "SLUICE_LOG_LEVEL".
	origins map[string]string
	file    string // that was to be read; empty for DefaultPath
}

// RTMP is the side of the publishers.
type RTMP struct {
	Address          string        // host:port to listen on; the host may be empty
	TLSAddress       string        // the same for RTMPS; empty for none
	HandshakeTimeout time.Duration // that of TLS included
	PublishTimeout   time.Duration // from the handshake to an accepted publish
	IdleTimeout      time.Duration // without a byte from a publisher
	MaxConnections   int
}

// HTTP is the side of the players.
type HTTP struct {
	Address    string // host:port to listen on; the host may be empty
	TLSAddress string // the same for HTTPS; empty for none
	HTTP3      bool   // at the UDP port of TLSAddress
}

// API is the side of the operators. It is on if Address is set, and needs TokenFile then.
type API struct {
	Address   string // host:port to listen on; empty for none
	TokenFile string // holds what callers must present
}

// Publish is who may publish: everybody, if nothing of it is set.
type Publish struct {
	Keys    []List // hashes, by the streams that keys are good for
	Users   []List // users with their salts and hashes, likewise
	AskUser string // applications, with commas between, whose publishers are asked for user and password
	JWT     JWT
	Webhook Webhook
}

// Webhook is a program that is asked over HTTP.
type Webhook struct {
	URL        string // empty for none
	Format     WebhookFormat
	SecretFile string // signs requests; empty for none
	Timeout    time.Duration
}

// Watch is who may watch: everybody, if nothing of it is set.
type Watch struct {
	SecretFile string // of tokens
	JWT        JWT
	Trusted    string // networks of CDNs, with commas between
}

// JWT is how JSON Web Tokens are checked: one of the first three is set, or none.
type JWT struct {
	SecretFile    string // for HS256
	PublicKeyFile string // in PEM, for RS256 or EdDSA
	KeySet        string // URL
	Audience      string // empty for any
	Issuer        string // empty for any
}

// Store is where segments are kept.
type Store struct {
	Type StoreType
	Path string // directory of a Disk store
}

// Limits is how much streams may take. 0 is no limit, but for Memory.
type Limits struct {
	Publishers   int  // at a time, of all streams
	Streams      int  // names at a time
	Memory       Size // of segments that wait for the disk
	Disk         Size // of all segments on the disk
	DiskFree     Size // of the file system, for others
	StreamMemory Size // of one stream's segments that are being cut, or wait for the disk
	StreamDisk   Size // of one stream's segments in the store
}

// Segment is how streams are cut.
type Segment struct {
	Duration time.Duration // a segment ends at the first key frame after this
	Part     time.Duration // the PART-TARGET: no part is longer
	Max      time.Duration // a segment ends here even without a key frame
}

// DASH is what only DASH has.
type DASH struct {
	Chunk time.Duration // length of the chunks that parts consist of; 0 is that of a part
}

// Window is how much of a stream is listed.
type Window struct {
	Duration time.Duration
}

// Stream is the life of a stream.
type Stream struct {
	Linger   time.Duration // how long a stream goes on without a publisher
	Keep     time.Duration // how long a stream stays when it has ended
	Conflict Conflict      // what happens when a second one publishes under a name
	Failover time.Duration // for how long a publisher must be silent for the one that stands by to go on air
}

// TS is MPEG-TS on request.
type TS struct {
	CacheBytes Size
}

// Stop is how the gateway stops.
type Stop struct {
	Delay time.Duration // how long it goes on, and says that it is not ready
}

// Log is what is logged, and how.
type Log struct {
	Level  zerolog.Level
	Format LogFormat
}

// Default returns the settings that hold when nothing else is said.
func Default() Config {
	return Config{
		RTMP: RTMP{
			Address:          ":1935",
			HandshakeTimeout: 5 * time.Second,
			PublishTimeout:   10 * time.Second,
			IdleTimeout:      30 * time.Second,
			MaxConnections:   1000,
		},
		HTTP:  HTTP{Address: ":8080"},
		TLS:   TLS{ACME: ACME{Cache: "./certificates"}},
		Store: Store{Type: Disk, Path: "./segments"},
		Limits: Limits{
			Publishers: 1000, Streams: 1000,
			Memory: 256 * MiB, DiskFree: 64 * MiB, StreamMemory: 128 * MiB,
		},
		Publish: Publish{Webhook: Webhook{Format: SluiceFormat, Timeout: 5 * time.Second}},
		Segment: Segment{Duration: 2 * time.Second, Part: 250 * time.Millisecond, Max: 10 * time.Second},
		Window:  Window{Duration: 30 * time.Second},
		Stream:  Stream{Linger: time.Minute, Keep: time.Minute, Conflict: Reject, Failover: time.Second},
		TS:      TS{CacheBytes: 64 * MiB},
		Log:     Log{Level: zerolog.InfoLevel, Format: JSON},
	}
}

// Load returns the defaults, changed by the file at path and then by the
// SLUICE_* variables of environ (as os.Environ returns them). With an empty path
// it reads DefaultPath if there is such a file. The values are of the right type
// but not checked further: see Validate.
func Load(path string, environ []string) (Config, error) {
	cfg := Default()
	if err := cfg.readFile(path); err != nil {
		return Config{}, err
	}
	if err := cfg.readEnviron(environ); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

// Set sets one key, such as "rtmp.address", from its text. Errors name origin,
// such as "--rtmp", as the place where the value stands.
func (c *Config) Set(origin, key, text string) error {
	for _, k := range c.keys() {
		if k.name == key {
			return c.set(k, origin, text)
		}
	}
	return &Error{Origin: origin, Key: key, Reason: unknown("key", key, c.names())}
}

func (c *Config) set(k key, origin, text string) error {
	if err := k.value.Set(text); err != nil {
		return &Error{Origin: origin, Key: k.name, Reason: err.Error()}
	}
	c.origins = maps.Clone(c.origins) // a Config is copied as a value
	if c.origins == nil {
		c.origins = make(map[string]string)
	}
	c.origins[k.name] = origin
	return nil
}

// An Error says what is wrong with a setting, in one line.
type Error struct {
	Origin string // "file:line", the name of a variable or flag; empty for a default
	Key    string // "rtmp.address"; empty when the whole file is wrong
	Reason string
}

// Error implements error: "origin: key: reason".
func (e *Error) Error() string {
	text := e.Reason
	if e.Key != "" {
		text = e.Key + ": " + text
	}
	if e.Origin != "" {
		text = e.Origin + ": " + text
	}
	return text
}
