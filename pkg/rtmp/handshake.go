package rtmp

import (
	"crypto/rand"
	"fmt"
	"io"
)

const (
	rtmpVersion   = 3
	handshakeSize = 1536 // of each of C1, S1, C2, S2
)

// handshake answers the peer's half of the handshake on rw. It sends S0, S1
// and S2 when C1 is complete, nothing before, and ends with C2, whose content
// it does not judge: encoders are known to send anything.
func handshake(rw io.ReadWriter) error {
	in := make([]byte, 1+handshakeSize)
	if _, err := io.ReadFull(rw, in[:1]); err != nil {
		return fmt.Errorf("rtmp handshake: %w", err)
	}
	if err := checkVersion(in[0]); err != nil {
		return err
	}
	if _, err := io.ReadFull(rw, in[1:]); err != nil {
		return fmt.Errorf("rtmp handshake: %w", err)
	}
	if _, err := rw.Write(answerHello(in[1:])); err != nil {
		return fmt.Errorf("rtmp handshake: %w", err)
	}
	if _, err := io.ReadFull(rw, in[1:]); err != nil {
		return fmt.Errorf("rtmp handshake: %w", err)
	}
	return nil
}

// checkVersion judges C0: "Values 0-2 are deprecated; 4-31 are reserved for
// future implementations; 32-255 are not allowed (to allow distinguishing
// RTMP from text-based protocols)", and "a server that does not recognize the
// client's requested version SHOULD respond with 3". 6 and 8 are in use by
// the encrypted RTMPE, which answering with 3 would only confuse, and 22 is what TLS
// begins with.
func checkVersion(c0 byte) error {
	if c0 == 6 || c0 == 8 || c0 == 22 || c0 >= 32 {
		return fmt.Errorf("%w %d", errVersion, c0)
	}
	return nil
}

// answerHello returns S0, S1 and S2. A C1 with a valid digest is answered in
// kind, every other one plainly: S2 is its echo.
func answerHello(c1 []byte) []byte {
	out := make([]byte, 1+2*handshakeSize)
	s1, s2 := out[1:1+handshakeSize], out[1+handshakeSize:]
	out[0] = rtmpVersion
	_, _ = rand.Read(s1[8:]) // never fails; time and zero stay 0
	scheme, digest, ok := findDigest(c1, clientKey)
	if !ok {
		copy(s2, c1) // with C1's zero for the time when it was read, on the clock of S1
		return out
	}
	putServerVersion(s1)
	signHello(s1, scheme, serverKey)
	_, _ = rand.Read(s2)
	signEcho(s2, digest, serverKey)
	return out
}
