package rtmp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// The digest handshake is not in Adobe's specification. It hides an
// HMAC-SHA256 of C1 and S1 within themselves, at a place that four bytes of
// the message give; where those bytes are is called the scheme, 0 or 1. The
// keys are two readable texts and 32 bytes that follow both of them.
const (
	clientKey = "Genuine Adobe Flash Player 001"
	serverKey = "Genuine Adobe Flash Media Server 001"
	sharedKey = "\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57" +
		"\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae"

	digestSize = sha256.Size
)

// digestPlace returns where packet, a C1 or S1, has its digest: behind the
// four bytes that are added up, by their sum modulo 728.
func digestPlace(packet []byte, scheme int) int {
	base := 8
	if scheme == 1 {
		base = 8 + 764
	}
	sum := int(packet[base]) + int(packet[base+1]) + int(packet[base+2]) + int(packet[base+3])
	return base + 4 + sum%728
}

// digestAt returns the digest of packet without the digest at place.
func digestAt(packet []byte, place int, key string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(packet[:place])
	mac.Write(packet[place+digestSize:])
	return mac.Sum(nil)
}

// findDigest returns the scheme and the digest of packet. The last result is
// false when it has none made with key.
func findDigest(packet []byte, key string) (scheme int, digest []byte, ok bool) {
	for scheme = range 2 {
		place := digestPlace(packet, scheme)
		digest = packet[place : place+digestSize]
		if hmac.Equal(digest, digestAt(packet, place, key)) {
			return scheme, digest, true
		}
	}
	return 0, nil, false
}

// signHello puts a digest into packet, an otherwise complete C1 or S1.
func signHello(packet []byte, scheme int, key string) {
	place := digestPlace(packet, scheme)
	copy(packet[place:], digestAt(packet, place, key))
}

// signEcho makes packet, a C2 or S2 of random bytes, answer the digest of the
// peer's C1 or S1: its last 32 bytes are the digest of the others, with the
// peer's digest, digested, as the key.
func signEcho(packet, peerDigest []byte, key string) {
	mac := hmac.New(sha256.New, []byte(key+sharedKey))
	mac.Write(peerDigest)
	echo := hmac.New(sha256.New, mac.Sum(nil))
	echo.Write(packet[:len(packet)-digestSize])
	copy(packet[len(packet)-digestSize:], echo.Sum(nil))
}

// putServerVersion writes the version of a server that knows digests into S1:
// peers check the digest only when its second byte is at least 3.
func putServerVersion(s1 []byte) {
	binary.BigEndian.PutUint32(s1[4:], 0x04050001)
}
