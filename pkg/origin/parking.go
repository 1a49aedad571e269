package origin

import (
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"sluice/pkg/live"
)

// A Parking holds clients of HTTP/1.1 without TLS that wait, for a quarter of what their
// requests would take. For each connection net/http keeps buffers of 10 KB and
// a deep stack, which is most of what a waiting client costs. A parked one is
// the connection itself and the text of its request. When what it waits for is
// there, the connection comes in once more, with the same request, which is
// then answered at once.
//
// It is a net.Listener for the same http.Server, whose ConnContext must be that of the
// Parking. Until it is served nothing is parked.
type Parking struct {
	back    chan net.Conn
	closing chan struct{}

	mu       sync.Mutex
	limit    int // of those that wait without being parked
	open     bool
	emptied  bool
	driving  int // requests that wait without being parked
	parked   int
	lots     map[lotKey]*lot
	watching sync.WaitGroup
	keeping  sync.WaitGroup // for requests from when they are to be parked until they are handled again
}

// driving is how many requests wait as net/http has it before others are parked: each
// takes 29 KB instead of 10, and half of the time. A viewer has three, as a rule.
const driving = 5000

func newParking() *Parking {
	return &Parking{limit: driving, back: make(chan net.Conn), closing: make(chan struct{}), lots: make(map[lotKey]*lot)}
}

// Accept implements net.Listener: it returns connections whose wait is over.
func (p *Parking) Accept() (net.Conn, error) {
	p.mu.Lock()
	p.open = !p.closed() && !p.emptied
	p.mu.Unlock()
	select {
	case conn := <-p.back:
		return conn, nil
	case <-p.closing:
		return nil, net.ErrClosed
	}
}

// Empty has all parked requests come in, to be answered or to wait as others
// do, and returns when they are handled: a server that shuts down drops those
// that it has only read. Nothing is parked any more.
func (p *Parking) Empty() {
	p.mu.Lock()
	p.open, p.emptied = false, true
	for _, l := range p.lots {
		for c := range l.cars {
			c.wake()
		}
	}
	p.mu.Unlock()
	p.keeping.Wait()
}

// Close implements net.Listener. The connections that are parked are closed.
func (p *Parking) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed() {
		p.open = false
		close(p.closing)
	}
	return nil
}

func (p *Parking) closed() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

// Wait returns when nothing is left of a Parking that was closed.
func (p *Parking) Wait() { p.watching.Wait() }

// Addr implements net.Listener.
func (p *Parking) Addr() net.Addr { return &net.TCPAddr{} }

// Len returns how many connections are parked.
func (p *Parking) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.parked
}

// Waiting returns how many requests wait, parked or not.
func (p *Parking) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.driving + p.parked
}

// enter counts a request that begins to wait, and reports whether it must be
// parked. One that is not leaves with leave.
func (p *Parking) enter(r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open && p.driving >= p.limit && r.ProtoMajor == 1 && r.TLS == nil && r.Body == http.NoBody && !resumed(r).hasty {
		p.keeping.Add(1)
		return true
	}
	p.driving++
	return false
}

func (p *Parking) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.driving--
}

// park takes the connection of a request away from net/http, until the wait is
// over, its time has come, or the client goes away. It returns errParked, or an
// error when the connection cannot be had.
func (p *Parking) park(w http.ResponseWriter, r *http.Request, stream *live.Presentation, wait waiting, until time.Time) error {
	text := requestText(r)
	conn, buffers, err := http.NewResponseController(w).Hijack()
	if err != nil {
		p.keeping.Done()
		return err
	}
	more, _ := buffers.Peek(buffers.Reader.Buffered())
	c := &parked{parking: p, again: append(text, more...), waited: waited{until: until, hasty: len(more) > 0}, ready: wait.ready}
	c.kept.Store(true)
	switch conn := conn.(type) {
	case *net.TCPConn:
		c.TCPConn = conn
	case *parked:
		c.TCPConn, c.again = conn.TCPConn, append(c.again, conn.again...)
	default:
		p.keeping.Done()
		return errors.Join(errParked, conn.Close()) // no other kind comes from net.Listen
	}
	_ = c.SetWriteDeadline(time.Time{})
	_ = c.SetReadDeadline(until)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed() {
		return errors.Join(errParked, c.Close())
	}
	p.parked++
	l := p.lot(lotKey{stream, wait.track})
	l.cars[c] = struct{}{}
	if p.emptied || l.over(stream.Snapshot(), c) {
		c.wake()
	}
	p.watching.Go(func() { p.keep(l, c) })
	return errParked
}

// keep waits with a parked connection, and gives it back or closes it.
func (p *Parking) keep(l *lot, c *parked) {
	n, err := c.TCPConn.Read(c.first[:])
	p.mu.Lock()
	delete(l.cars, c)
	p.parked--
	p.mu.Unlock()
	if n == 0 && !errors.Is(err, os.ErrDeadlineExceeded) {
		_ = c.Close() // the client has gone
		return
	}
	if n > 0 {
		c.again, c.hasty = append(c.again, c.first[:n]...), true
	}
	p.giveBack(c)
}

func (p *Parking) giveBack(c *parked) {
	_ = c.SetReadDeadline(time.Time{})
	select {
	case p.back <- c:
	case <-p.closing:
		_ = c.Close()
	}
}
