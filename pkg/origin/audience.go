package origin

import (
	"hash/maphash"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"sluice/pkg/live"
)

const (
	// attentive is for how long somebody counts as a viewer who asks for nothing: players ask for
	// a playlist or a manifest each target duration.
	attentive = 15 * time.Second

	// mostViewers bounds what is kept of those who make themselves up.
	mostViewers = 100_000
)

// A crowd is who watches a presentation: when each asked last.
type crowd struct {
	seed maphash.Seed
	mu   sync.Mutex
	seen map[uint64]time.Time
}

// A crowdKey names the crowd of a presentation.
type crowdKey struct{}

func crowdOf(p *live.Presentation) *crowd {
	return live.Lasting(p.Snapshot(), crowdKey{}, func() *crowd { return &crowd{seed: maphash.MakeSeed(), seen: make(map[uint64]time.Time)} })
}

// viewer returns a number of who asks: that of a session, if the player names one as CMCD does
// (CTA-5004, "sid"), or else of an address and a player.
func (c *crowd) viewer(r *http.Request) uint64 {
	if session := sessionOf(r); session != "" {
		return maphash.String(c.seed, session)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return maphash.String(c.seed, host+"\x00"+r.UserAgent())
}

// sessionOf returns the session that a request is of, empty if it names none.
func sessionOf(r *http.Request) string {
	text := r.Header.Get("Cmcd-Session")
	if strings.Contains(r.URL.RawQuery, "CMCD=") {
		text = r.URL.Query().Get("CMCD")
	}
	_, rest, found := strings.Cut(text, `sid="`)
	if !found {
		return ""
	}
	session, _, _ := strings.Cut(rest, `"`)
	return session
}

// attend counts who asks for something of a presentation.
func (o *Origin) attend(r *http.Request, p *live.Presentation) {
	c, now := crowdOf(p), o.Now()
	who := c.viewer(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.seen[who]; known || len(c.seen) < mostViewers {
		c.seen[who] = now
	}
}

// Viewers returns about how many watch a stream: who asked for something of it in the last 15 s,
// and those behind one address with players of one kind as one. Behind a CDN that is the CDN.
func (o *Origin) Viewers(app, name string) int {
	p, found := o.Source.Lookup(app, name)
	if !found {
		return 0
	}
	c, now := crowdOf(p), o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for who, last := range c.seen {
		if now.Sub(last) > attentive {
			delete(c.seen, who)
		}
	}
	return len(c.seen)
}
