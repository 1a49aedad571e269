package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"sluice/pkg/amf"
)

// A conversation is what an RTMP client sends, without looking at answers.
type conversation struct{ bytes.Buffer }

// hello begins a handshake, and ends it.
func hello() *conversation {
	c := &conversation{}
	c.Write(append([]byte{3}, make([]byte, 2*1536)...)) // C0, C1 and C2
	return c
}

// message adds a message in chunks of the size that RTMP begins with.
func (c *conversation) message(kind byte, stream uint32, body []byte) *conversation {
	const size = 128
	c.Write([]byte{3, 0, 0, 0, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body)), kind})
	c.Write(binary.LittleEndian.AppendUint32(nil, stream))
	for i := 0; i < len(body); i += size {
		if i > 0 {
			c.WriteByte(0xc3)
		}
		c.Write(body[i:min(i+size, len(body))])
	}
	return c
}

// command adds a command; what follows its values is sent as it is.
func (c *conversation) command(stream uint32, extra string, values ...any) *conversation {
	body, err := amf.Append(nil, values...)
	if err != nil {
		return c // the values are ours
	}
	return c.message(20, stream, append(body, extra...))
}

// publish asks for a name, as an encoder does.
func publish(name string) []byte {
	app, stream, _ := strings.Cut(name, "/")
	return hello().
		command(0, "", "connect", 1.0, &amf.Object{Fields: []amf.Field{{Name: "app", Value: app}}}).
		command(0, "", "createStream", 2.0, nil).
		command(1, "", "publish", 3.0, nil, stream, "live").Bytes()
}

// killers are what brought other servers down, each without a login.
func killers() [][]byte {
	connect := func(extra string) []byte { return hello().command(0, extra, "connect", 1.0).Bytes() }
	long := hello()
	for i := range 62 {
		long.Write(append([]byte{byte(2 + i), 0, 0, 0}, 0x98, 0x96, 0x80, 9, 1, 0, 0, 0)) // 10 MB are announced
	}
	return [][]byte{
		hello().message(0, 0, nil).Bytes(),                                    // an empty message
		hello().message(1, 0, []byte{0, 0, 0, 0}).message(20, 0, nil).Bytes(), // chunk size 0
		hello().message(1, 0, []byte{0, 0, 0, 1}).Bytes(),                     // chunk size 1
		connect("\x0c\xff\xff\xff\xff"),                                       // a string of 4 GB
		connect("\x0a\xff\xff\xff\xff"),                                       // an array of 4 G
		connect(strings.Repeat("\x03\x00\x01a", 15_000)),                      // nested objects
		connect(strings.Repeat("\x03\x00\x01a", 2_500_000)),                   // 9.9 MB of them
		connect("\x0a\x00\x00\x00\x02\x02\x00\x04av01\x02\x00\x04hvc1"),       // what modern encoders send
		long.Bytes(), // 62 messages of 10 MB
		[]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), bytes.Repeat([]byte("\x03\xff\x00"), 5000), // no RTMP at all
	}
}

// An attacker does what TRAPS of other servers were, over and over.
type attacker struct {
	g       *gateway
	book    *book
	killers [][]byte
}

// attackTime is how long one attack may hold on.
const attackTime = 12 * time.Second

// run attacks until ctx ends.
func (a *attacker) run(ctx context.Context) {
	attacks := []struct {
		name string
		do   func(context.Context)
	}{
		{"bytes that kill others", a.poison},
		{"slow handshake", a.slowHandshake},
		{"crowd of connections", a.crowd},
		{"publisher that sends nothing", a.hold},
		{"reader of a byte a second", a.slowReader},
		{"garbage as HTTP", a.garbage},
		{"strange requests", a.strange},
		{"reader that never reads", a.deaf},
	}
	for pause(ctx, rand.N(1500*time.Millisecond)) {
		attack := attacks[rand.IntN(len(attacks))]
		attacking, cancel := context.WithTimeout(ctx, attackTime)
		attack.do(attacking)
		cancel()
		a.book.count("hostile: " + attack.name)
	}
}

// send sends bytes and reads what comes, until the gateway ends the connection
// or ctx ends.
func send(ctx context.Context, address string, input []byte) {
	conn := dial(ctx, address)
	if conn == nil {
		return
	}
	defer conn.Close()
	var writing sync.WaitGroup
	writing.Go(func() { _, _ = conn.Write(input) })
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
	writing.Wait()
}

// dial connects, nil if nobody listens. The connection ends with ctx.
func dial(ctx context.Context, address string) net.Conn {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil // the gateway is away
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	return conn
}

func (a *attacker) poison(ctx context.Context) {
	send(ctx, a.g.rtmp, a.killers[rand.IntN(len(a.killers))])
}

func (a *attacker) slowHandshake(ctx context.Context) { send(ctx, a.g.rtmp, hello().Bytes()[:1]) }

// hold publishes under a name that is watched, or one of its own, and is silent.
func (a *attacker) hold(ctx context.Context) {
	all := append(streams(), "live/held")
	send(ctx, a.g.rtmp, publish(all[rand.IntN(len(all))]))
}

func (a *attacker) crowd(ctx context.Context) {
	var crowd sync.WaitGroup
	for i := range 100 {
		crowd.Go(func() {
			conn := dial(ctx, a.g.rtmp)
			if conn == nil {
				return
			}
			if i%2 == 0 {
				_, _ = conn.Write(hello().Bytes())
			}
			_ = conn.Close()
		})
	}
	crowd.Wait()
}

// slowReader asks for the newest of a stream and reads a byte a second.
func (a *attacker) slowReader(ctx context.Context) {
	conn := dial(ctx, a.g.http)
	if conn == nil {
		return
	}
	defer conn.Close()
	all, what := streams(), []string{"v0/index.m3u8", "index.mpd", "ts.m3u8"}
	fmt.Fprintf(conn, "GET /%s/%s HTTP/1.1\r\nHost: a\r\n\r\n", all[rand.IntN(len(all))], what[rand.IntN(len(what))])
	for one := make([]byte, 1); pause(ctx, time.Second); {
		if _, err := conn.Read(one); err != nil {
			return
		}
	}
}

// deaf asks a thousand times on one connection and reads nothing.
func (a *attacker) deaf(ctx context.Context) {
	conn := dial(ctx, a.g.http)
	if conn == nil {
		return
	}
	defer conn.Close()
	request := fmt.Sprintf("GET /%s/v0/index.m3u8 HTTP/1.1\r\nHost: a\r\n\r\n", streams()[0])
	_, _ = io.WriteString(conn, strings.Repeat(request, 1000)) // held by what the gateway does not read, until ctx ends
}

func (a *attacker) garbage(ctx context.Context) {
	inputs := []string{
		"\x00\x01\x02\r\n\r\n", strings.Repeat("A", 1<<20), "GET / HTTP/9.9\r\n\r\n", "GET  \r\n\r\n",
		"POST /live/film/index.m3u8 HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", 50_000) + "\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\xff", 5000),
	}
	send(ctx, a.g.http, []byte(inputs[rand.IntN(len(inputs))]))
}

// strange asks for what is not there: numbers far ahead, paths that lead out.
func (a *attacker) strange(ctx context.Context) {
	for _, path := range []string{
		"/live/film/v0/index.m3u8?_HLS_msn=99999999999", "/live/film/v0/index.m3u8?_HLS_msn=-1&_HLS_part=x&_HLS_msn=2",
		"/live/film/v0/0000/n99999999999.m4s", "/live/film/v0/n18446744073709551616.m4s", "/live/film/v255/index.m3u8",
		"/live/film/v0/..%2f..%2f..%2fetc%2fpasswd", "/..%5c..%5cwindows/system32/", "/live/film/v0/" + strings.Repeat("9", 20_000) + ".m4s",
		"/live/film/v0/p18446744073709551615.m4s", "/live/film/v0/18446744073709551615.ts", "/live/%00/index.m3u8",
	} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.g.http+path, nil)
		if err != nil {
			continue
		}
		res, err := http.DefaultClient.Do(request)
		if err != nil {
			continue // the gateway is away
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode/100 != 4 && res.StatusCode != http.StatusServiceUnavailable {
			a.book.broken("soak/strange", "gateway", "GET %.80s is answered %d", path, res.StatusCode)
		}
	}
}
