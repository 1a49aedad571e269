package rtmp

import (
	"math"
	"net/netip"
	"net/url"
	"strings"

	"sluice/pkg/amf"
)

// A Request is what a publisher asks for.
type Request struct {
	// App and Name are the application and the stream key, without slashes
	// at their ends and without query strings. Nothing else is known of
	// them: any other byte may be there.
	App, Name string

	// Query holds the query strings of the stream key, the application and
	// the tcUrl; of a parameter that stands in several, what the first of
	// these says.
	Query url.Values

	TCURL   string         // the URL of the application as the publisher knows it
	Encoder string         // flashVer: the publisher's name of itself
	Remote  netip.AddrPort // zero when the connection is not TCP
	Conn    uint64         // the connection's number in the log

	User string // whom the client has proved to be, as the Door says; empty for nobody

	Peer Peer // the way back to the publisher
}

// A client is what connect said (RTMP 7.2.1.1).
type client struct {
	app, tcURL, encoder string
	query               url.Values
	user                string // as the Door says
	objectEncoding      float64
	enhanced            bool // it speaks Enhanced RTMP
	reconnects          bool // it understands a reconnect request
}

func parseConnect(o *amf.Object) client {
	app, query := splitQuery(joinQueries(o.Text("app")))
	tcURL := o.Text("tcUrl")
	_, more := splitQuery(joinQueries(tcURL))
	merge(query, more)
	return client{
		app:            app,
		tcURL:          tcURL,
		encoder:        o.Text("flashVer"),
		query:          query,
		objectEncoding: o.Number("objectEncoding"),
		enhanced:       speaksEnhanced(o),
		reconnects:     capabilities(o.Number("capsEx"))&capReconnect != 0,
	}
}

// capabilities returns the bits that n is, none when it is no such number.
func capabilities(n float64) uint32 {
	if n >= 0 && n <= math.MaxUint32 {
		return uint32(n)
	}
	return 0
}

// request returns what a publisher on c asks for with a stream key.
func (c client) request(key string) Request {
	name, query := splitQuery(key)
	merge(query, c.query)
	return Request{App: c.app, Name: name, Query: query, TCURL: c.tcURL, Encoder: c.encoder, User: c.user}
}

// joinQueries makes one query of several: ffmpeg puts "?authmod=..." behind a URL that has one.
func joinQueries(s string) string {
	path, raw, found := strings.Cut(s, "?")
	if !found {
		return s
	}
	return path + "?" + strings.ReplaceAll(raw, "?", "&")
}

// splitQuery parts s at its question mark, and trims the slashes of the path.
// Of a malformed query, what is well-formed counts.
func splitQuery(s string) (path string, query url.Values) {
	path, raw, _ := strings.Cut(s, "?")
	query, _ = url.ParseQuery(raw)
	return strings.Trim(path, "/"), query
}

// merge adds the parameters of from that are not in into.
func merge(into, from url.Values) {
	for name, values := range from {
		if !into.Has(name) {
			into[name] = values
		}
	}
}
