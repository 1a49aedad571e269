package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// A Hash is what is kept of a key. Keys are long and random (see NewKey): one round of SHA-256 is
// enough for nobody to find them.
type Hash [sha256.Size]byte

const hashPrefix = "sha256:"

// HashOf returns the hash of a key.
func HashOf(key string) Hash { return sha256.Sum256([]byte(key)) }

// ParseHash reads "sha256:" and 64 hexadecimal digits.
func ParseHash(text string) (h Hash, err error) {
	digits, ok := strings.CutPrefix(text, hashPrefix)
	if n, err := hex.Decode(h[:], []byte(digits[:min(len(digits), 2*len(h))])); !ok || err != nil || n != len(h) || len(digits) != 2*len(h) {
		return h, errors.New("a hash is sha256: and 64 hexadecimal digits, as sluice key prints it")
	}
	return h, nil
}

// String returns what ParseHash reads.
func (h Hash) String() string { return hashPrefix + hex.EncodeToString(h[:]) }

// NewKey returns a key of 128 random bits, which may stand in a URL.
func NewKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Keys judge keys by their hashes. There may be several for a scope, so that one can be changed for
// another while both are good.
type Keys struct{ all []key }

type key struct {
	scope Scope
	hash  Hash
}

// Add makes a key good for a scope.
func (k *Keys) Add(scope Scope, hash string) error {
	if err := scope.Check(); err != nil {
		return err
	}
	h, err := ParseHash(hash)
	if err != nil {
		return fmt.Errorf("%s: %w", scope, err)
	}
	k.all = append(k.all, key{scope, h})
	return nil
}

var errKey = errors.New("no such key")

// Judge implements Judge. A key may also be given in place of the stream's name, where it is of
// one stream of the application: viewers, who know the name, cannot publish by that.
func (k *Keys) Judge(_ context.Context, req Request) (Grant, error) {
	token, name := HashOf(req.Token), HashOf(req.Key)
	var grant Grant
	err := errKey
	for _, key := range k.all { // all of them: how long it takes says nothing
		if subtle.ConstantTimeCompare(key.hash[:], token[:]) == 1 && req.Token != "" && key.scope.Covers(req.App, req.Key) {
			grant, err = Grant{App: req.App, Key: req.Key}, nil
		}
		if app, stream, ok := key.scope.Exact(); subtle.ConstantTimeCompare(key.hash[:], name[:]) == 1 && ok && app == req.App {
			grant, err = Grant{App: app, Key: stream}, nil
		}
	}
	return grant, err
}
