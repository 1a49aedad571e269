package gateway

import "net"

// viewers are the connections of players and CDNs.
type viewers struct{ net.Listener }

// unsent is how many bytes the system holds for a viewer beyond those that are on
// their way, instead of the 4 MB that it would. A viewer that takes nothing costs
// that; one that takes what comes does not notice.
const unsent = 256 << 10

// Accept implements net.Listener. The connections are those of the system, which
// can send files. A socket that listens would not hand the bound on to those that
// it accepts, where it speaks Multipath TCP.
func (v viewers) Accept() (net.Conn, error) {
	conn, err := v.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
		_ = boundUnsent(tcp, unsent) // where the system cannot, it costs memory
	}
	return conn, err
}
