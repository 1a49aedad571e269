package access

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Token lets who has it watch. It stands in the path of a URL, in front of the stream's, and what
// checks it needs a secret and no more: a CDN does that as well. It is
//
//	base64url(EXPIRES ":" SCOPE) "." base64url(HMAC-SHA256(secret, what is in front of the dot))
//
// without padding, where EXPIRES are seconds since 1970 and SCOPE is a Scope.
type Token string

// MakeToken returns a token for a scope that expires at a time.
func MakeToken(secret []byte, scope Scope, expires time.Time) Token {
	payload := base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(expires.Unix(), 10) + ":" + string(scope)))
	return Token(payload + "." + base64.RawURLEncoding.EncodeToString(sign(secret, payload)))
}

func sign(secret []byte, payload string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(payload))
	return mac.Sum(nil)
}

// Why a token is not good.
var (
	ErrForged  = errors.New("it is not signed with a secret of this gateway")
	ErrExpired = errors.New("it has expired")
	ErrScope   = errors.New("it is for another stream")
)

// Secrets are what tokens are signed with. There may be several, so that one can be changed for
// another while tokens of both are good; the first one makes new tokens.
type Secrets [][]byte

// leastSecret is how many bytes a secret has: RFC 2104 3.
const leastSecret = 32

// ParseSecrets reads one secret a line. Empty lines count for nothing.
func ParseSecrets(text []byte) (Secrets, error) {
	var all Secrets
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0:
		case len(line) < leastSecret:
			return nil, fmt.Errorf("a secret of %d characters is too short: it has at least %d", len(line), leastSecret)
		default:
			all = append(all, bytes.Clone(line))
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there is no secret in it")
	}
	return all, nil
}

// Check returns why a token is not good for a stream at a time, nil if it is.
func (s Secrets) Check(token Token, app, key string, now time.Time) error {
	payload, signature, _ := strings.Cut(string(token), ".")
	signed, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil {
		return ErrForged
	}
	genuine := false
	for _, secret := range s {
		genuine = hmac.Equal(signed, sign(secret, payload)) || genuine
	}
	text, err := base64.RawURLEncoding.DecodeString(payload)
	expires, scope, _ := strings.Cut(string(text), ":")
	seconds, wrong := strconv.ParseInt(expires, 10, 64)
	switch {
	case !genuine || err != nil || wrong != nil || Scope(scope).Check() != nil:
		return ErrForged
	case !now.Before(time.Unix(seconds, 0)):
		return ErrExpired
	case !Scope(scope).Covers(app, key):
		return ErrScope
	}
	return nil
}
