package rtmp

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"testing"
)

// hello returns C0 and C1 with random bytes, signed when scheme is not
// negative.
func hello(scheme int) []byte {
	b := make([]byte, 1+handshakeSize)
	b[0] = rtmpVersion
	_, _ = rand.Read(b[9:])
	if scheme >= 0 {
		copy(b[5:], "\x80\x00\x07\x02")
		signHello(b[1:], scheme, clientKey)
	}
	return b
}

// answer runs the handshake with the input and returns what it sends.
func answer(in []byte) ([]byte, error) {
	var out bytes.Buffer
	err := handshake(struct {
		io.Reader
		io.Writer
	}{bytes.NewReader(in), &out})
	return out.Bytes(), err
}

func TestPlainHandshake(t *testing.T) {
	oddZero := hello(-1)
	copy(oddZero[5:9], "\x0a\x00\x00\x01")
	for name, c0c1 := range map[string][]byte{"zero": hello(-1), "not zero": oddZero} {
		out, err := answer(append(c0c1, make([]byte, handshakeSize)...))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(out) != 1+2*handshakeSize || out[0] != 3 {
			t.Fatalf("%s: answered %d bytes that begin with %d", name, len(out), out[0])
		}
		if !bytes.Equal(out[5:9], make([]byte, 4)) {
			t.Errorf("%s: zero of S1 is % x", name, out[5:9])
		}
		if !bytes.Equal(out[1+handshakeSize:], c0c1[1:]) {
			t.Errorf("%s: S2 is not the echo of C1", name)
		}
	}
}

func TestDigestHandshake(t *testing.T) {
	for scheme := range 2 {
		c0c1 := hello(scheme)
		out, err := answer(append(c0c1, make([]byte, handshakeSize)...))
		if err != nil {
			t.Fatal(err)
		}
		s1, s2 := out[1:1+handshakeSize], out[1+handshakeSize:]
		got, _, ok := findDigest(s1, serverKey)
		if !ok || got != scheme {
			t.Errorf("scheme %d: S1 has a digest: %v, of scheme %d", scheme, ok, got)
		}
		_, digest, _ := findDigest(c0c1[1:], clientKey)
		want := bytes.Clone(s2)
		signEcho(want, digest, serverKey)
		if !bytes.Equal(s2, want) {
			t.Errorf("scheme %d: S2 does not answer the digest of C1", scheme)
		}
	}
}

func TestHandshakeVersions(t *testing.T) {
	for version, ok := range map[byte]bool{3: true, 0: true, 2: true, 4: true, 31: true, 6: false, 8: false, 32: false, 'G': false, 255: false} {
		in := append(hello(-1), make([]byte, handshakeSize)...)
		in[0] = version
		out, err := answer(in)
		if (err == nil) != ok || !ok && (!errors.Is(err, errVersion) || len(out) > 0) {
			t.Errorf("version %d: %d bytes, error %v", version, len(out), err)
		}
		if ok && out[0] != 3 {
			t.Errorf("version %d is answered with %d", version, out[0])
		}
	}
}

// The peer sends one byte at a time and gets nothing before C1 is complete.
func TestHandshakeByteByByte(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	done := make(chan error, 1)
	go func() {
		defer far.Close()
		done <- handshake(far)
	}()
	for _, b := range hello(1) { // the pipe has no buffer: writing would deadlock with an early answer
		if _, err := near.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.ReadFull(near, make([]byte, 1+2*handshakeSize)); err != nil {
		t.Fatal(err)
	}
	for range handshakeSize {
		if _, err := near.Write([]byte{0}); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestHandshakeCutShort(t *testing.T) {
	whole := append(hello(0), make([]byte, handshakeSize)...)
	for _, n := range []int{0, 1, 2, handshakeSize, 1 + handshakeSize, 2 * handshakeSize} {
		if _, err := answer(whole[:n]); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func FuzzHandshake(f *testing.F) {
	for scheme := -1; scheme < 2; scheme++ {
		f.Add(append(hello(scheme), make([]byte, handshakeSize)...))
	}
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add(bytes.Repeat([]byte{0xff}, 1+2*handshakeSize))
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := answer(in)
		if err == nil && len(out) != 1+2*handshakeSize {
			t.Errorf("answered %d bytes", len(out))
		}
	})
}
