package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/certs"
	"sluice/pkg/config"
	"sluice/pkg/metrics"
)

// A secure side is what the gateway has for those who come with TLS.
type secure struct {
	source certs.Source  // nil without TLS
	look   time.Duration // how often it looks for other certificates; 0 for its own
	rtmps  net.Listener  // nil without
	https  net.Listener  // nil without
	quic   *net.UDPConn  // nil without HTTP/3

	challenges func(http.Handler) http.Handler // what a certificate authority asks for, nil for nothing
}

// openTLS reads the certificates, or opens where those of ACME are kept.
func (g *Gateway) openTLS() error {
	c := g.config.TLS
	switch {
	case len(c.Certificate) > 0:
		files, err := certs.OpenFiles(pairs(c))
		if errors.Is(err, certs.ErrKey) {
			return g.config.Fault("tls.key", err)
		}
		if err != nil {
			return g.config.Fault("tls.certificate", err)
		}
		g.tls.source = files
	case len(c.ACME.Hosts) > 0:
		acme, err := certs.OpenACME(certs.Authority{
			Hosts: c.ACME.Hosts, Cache: c.ACME.Cache, Email: c.ACME.Email, Directory: c.ACME.Directory,
		})
		if err != nil {
			return g.config.Fault("tls.acme.cache", err)
		}
		g.tls.source, g.tls.challenges = acme, acme.Challenges
	}
	return nil
}

func pairs(c config.TLS) []certs.Pair {
	var all []certs.Pair
	for i, key := range c.Key { // one for each certificate
		all = append(all, certs.Pair{Certificate: c.Certificate[i], Key: key})
	}
	return all
}

// listenTLS opens the sockets of those who come with TLS.
func (g *Gateway) listenTLS(given map[string]net.Listener) (err error) {
	if g.tls.rtmps, err = listenIf(g.config.RTMP.TLSAddress, given["rtmps"]); err != nil {
		return g.config.Fault("rtmp.tls_address", err)
	}
	if g.tls.https, err = listenIf(g.config.HTTP.TLSAddress, given["https"]); err != nil {
		return g.config.Fault("http.tls_address", err)
	}
	if !g.config.HTTP.HTTP3 {
		return nil
	}
	at, _ := g.tls.https.Addr().(*net.TCPAddr)
	if at == nil {
		return g.config.Fault("http.http3", errors.New("the socket of HTTPS has no port"))
	}
	if g.tls.quic, err = net.ListenUDP("udp", &net.UDPAddr{IP: at.IP, Port: at.Port, Zone: at.Zone}); err != nil {
		return g.config.Fault("http.http3", err)
	}
	return nil
}

// listenIf listens if there is an address.
func listenIf(address string, given net.Listener) (net.Listener, error) {
	if address == "" && given != nil {
		return nil, errors.Join(errors.New("systemd has a socket for it, but it is off"), given.Close())
	}
	if address == "" {
		return nil, nil
	}
	return listenAt(address, given)
}

// close closes what was opened for those who come with TLS, and not used.
func (s secure) close() error {
	var errs []error
	for _, ln := range []net.Listener{s.rtmps, s.https} {
		if ln != nil {
			errs = append(errs, ln.Close())
		}
	}
	if s.quic != nil {
		errs = append(errs, s.quic.Close())
	}
	return errors.Join(errs...)
}

// watch has the certificates replaced when there are others.
func (s secure) watch(ctx context.Context, w certs.Watch) error {
	if s.source == nil {
		return nil
	}
	w.Source, w.Every = s.source, s.look
	return w.Run(ctx)
}

// config returns what listeners need, nil without TLS.
func (s secure) config() *tls.Config {
	if s.source == nil {
		return nil
	}
	return s.source.Config()
}

// front has a handler tell those who come with TLS of HTTP/3, if there is any, and answer what a
// certificate authority asks for without TLS.
func (s secure) front(next http.Handler) http.Handler {
	if s.source == nil {
		return next
	}
	plain, inTLS := next, next
	if s.challenges != nil {
		plain = s.challenges(next)
	}
	if s.quic != nil {
		inTLS = announceQUIC(s.quic.LocalAddr(), next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil {
			inTLS.ServeHTTP(w, r)
			return
		}
		plain.ServeHTTP(w, r)
	})
}

// known is for how long clients may take it for granted that HTTP/3 is there.
const known = 24 * time.Hour

// announceQUIC adds to answers that they can be had by HTTP/3, too (RFC 7838).
func announceQUIC(at net.Addr, next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(at.String())
	service := []string{fmt.Sprintf("h3=\":%s\"; ma=%d", port, int(known.Seconds()))}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Alt-Svc"] = service
		next.ServeHTTP(w, r)
	})
}

// metered returns what the metrics say of certificates, nil for nothing.
func (s secure) metered() metrics.Certificates {
	if s.source == nil {
		return nil
	}
	return s.source
}

// announce logs where clients with TLS connect.
func (s secure) announce(log zerolog.Logger) {
	tell := func(protocol string, at net.Addr) {
		log.Info().Str("protocol", protocol).Stringer("address", at).Msg("listening")
	}
	if s.rtmps != nil {
		tell("rtmps", s.rtmps.Addr())
	}
	if s.https != nil {
		tell("https", s.https.Addr())
	}
	if s.quic != nil {
		tell("http/3", s.quic.LocalAddr())
	}
}

// RTMPSAddr returns the address that publishers with TLS connect to, nil if there is none.
func (g *Gateway) RTMPSAddr() net.Addr { return addressOf(g.tls.rtmps) }

// HTTPSAddr returns the address that players with TLS connect to, nil if there is none.
func (g *Gateway) HTTPSAddr() net.Addr { return addressOf(g.tls.https) }

func addressOf(ln net.Listener) net.Addr {
	if ln == nil {
		return nil
	}
	return ln.Addr()
}
