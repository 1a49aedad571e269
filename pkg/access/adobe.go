package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
)

// How encoders prove that they know a password, as Adobe's Access Manager has it, librtmp (OBS) and
// ffmpeg do it. Nobody has written it down. Each step is a connection of its own, which is refused with a
// description that says what comes next; what the encoder has to say stands in the query of the application:
//
//	                                       code=403 need auth; authmod=adobe
//	authmod=adobe&user=U                   ?reason=needauth&user=U&salt=S&challenge=C&opaque=O
//	authmod=adobe&user=U&challenge=D&response=base64(md5(base64(md5(U+S+password))+O+D))&opaque=O
//
// after which it is let in, or hears ?reason=authfailed. librtmp and ffmpeg take O, which is another each time:
// D may well be the same, as librtmp has it from a rand that nobody seeds. Others take C in place of O, and do not
// send O back: C follows from the user and the time.

// A Rejection refuses a connection, as a step of this or in the end.
type Rejection struct {
	Told string // what the encoder is told, less than 256 bytes, as ffmpeg reads no more
	Why  error  // what went wrong, nil for a step that others follow
}

// Error implements error.
func (r *Rejection) Error() string {
	if r.Why == nil {
		return "it is asked for user and password"
	}
	return r.Why.Error()
}

// Unwrap is for errors.Is.
func (r *Rejection) Unwrap() error { return r.Why }

const (
	manager     = "[ AccessManager.Reject ] : "
	toldAsk     = manager + "[ code=403 need auth; authmod=adobe ] : "
	toldPrefix  = manager + "[ authmod=adobe ] : ?reason="
	toldFailure = toldPrefix + "authfailed"
)

var (
	errNoSuchUser = errors.New("there is no such user")
	errPassword   = errors.New("the password is wrong, or the challenge too old")
	errReplay     = errors.New("the response was used before")
	errCrowded    = errors.New("too many users connect")
)

// connect returns the user that a client has proved to be, empty if it says nothing of one and need not; or a
// *Rejection. query is that of the URL of the application.
func (u *Users) connect(app string, query url.Values) (string, error) {
	name := query.Get("user")
	switch {
	case query.Get("authmod") != "adobe":
		if u.asks(app, query.Get("token") != "") {
			return "", &Rejection{Told: toldAsk}
		}
		return "", nil
	case !validUser(name):
		return "", &Rejection{Told: toldFailure, Why: errNoSuchUser}
	case query.Get("response") == "":
		c, o := u.challenges.at(name, u.Now()), u.challenges.opaque(name, u.Now())
		return "", &Rejection{Told: fmt.Sprintf("%sneedauth&user=%s&salt=%s&challenge=%s&opaque=%s", toldPrefix, name, u.saltOf(name), c, o)}
	}
	if err := u.verify(name, query); err != nil {
		return "", &Rejection{Told: toldFailure, Why: err}
	}
	return name, nil
}

// unspaced returns base64 as it was: encoders put it into URLs as it is, where + means a space.
func unspaced(text string) string { return strings.ReplaceAll(text, " ", "+") }

// saltOf returns the salt of a user. Who is none has one, too, which stays the same as long as the users are:
// nobody can find out so who is one.
func (u *Users) saltOf(name string) string {
	if one := u.find(name); one != nil {
		return one.Salt
	}
	digest := sha256.New()
	for _, one := range u.all {
		digest.Write([]byte(one.String()))
	}
	mac := hmac.New(sha256.New, digest.Sum(nil))
	mac.Write([]byte(name))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// verify returns why a response to a challenge of ours, and to the client's own, is not good, nil if it is.
func (u *Users) verify(name string, query url.Values) error {
	theirs, response, opaque := unspaced(query.Get("challenge")), unspaced(query.Get("response")), query.Get("opaque")
	one, now := u.find(name), u.Now()
	known := one != nil
	if !known {
		one = &user{} // it takes as long
	}
	ours := []string{u.challenges.at(name, now), u.challenges.at(name, now.Add(-challengeEvery))}
	if u.challenges.fresh(name, opaque, now) {
		ours = append(ours, opaque)
	}
	right := 0
	for _, challenge := range ours {
		want := sum(one.Hash, challenge, theirs)
		right |= subtle.ConstantTimeCompare([]byte(want), []byte(response))
	}
	switch {
	case !known:
		return errNoSuchUser
	case right == 0:
		return fmt.Errorf("user %s: %w", name, errPassword)
	}
	return u.challenges.use(response, now)
}

const (
	// challengeEvery is how long one is given to a user; it is good for as long again. Opaque texts are
	// for twice that.
	challengeEvery = 30 * time.Second

	// usedResponses is how many are remembered, which are those that were right within a minute.
	usedResponses = 10_000
)

// Challenges are made from a key, the user and the time: nobody has to remember them. A response to one is
// taken once.
type challenges struct {
	mu   sync.Mutex
	key  []byte
	used map[string]time.Time // responses, and when they are forgotten
}

// at returns the challenge of a user at a time.
func (c *challenges) at(name string, now time.Time) string {
	const length = 12
	which := binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano()/int64(challengeEvery)))
	return base64.RawURLEncoding.EncodeToString(c.mac("challenge", which, name)[:length])
}

// An opaque text has a time, in seconds since 1970, something random, and the authentication of both.
const (
	opaqueStamp = 4 + 4 // bytes
	opaqueMAC   = 8
)

// opaque returns an opaque text for a user, another one each time.
func (c *challenges) opaque(name string, now time.Time) string {
	stamp := binary.BigEndian.AppendUint32(nil, uint32(now.Unix()))
	stamp = append(stamp, make([]byte, 4)...)
	_, _ = rand.Read(stamp[4:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(append(stamp, c.mac("opaque", stamp, name)[:opaqueMAC]...))
}

// fresh reports whether a text is one that a user was given a moment ago.
func (c *challenges) fresh(name, text string, now time.Time) bool {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != opaqueStamp+opaqueMAC {
		return false
	}
	stamp, mac := b[:opaqueStamp], b[opaqueStamp:]
	age := uint32(now.Unix()) - binary.BigEndian.Uint32(stamp)
	return hmac.Equal(mac, c.mac("opaque", stamp, name)[:opaqueMAC]) && time.Duration(age)*time.Second <= 2*challengeEvery
}

// mac authenticates something of a kind for a user.
func (c *challenges) mac(kind string, what []byte, name string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.key == nil {
		c.key = make([]byte, sha256.Size)
		_, _ = rand.Read(c.key) // it never fails
	}
	mac := hmac.New(sha256.New, c.key)
	fmt.Fprintf(mac, "%s %x %s", kind, what, name)
	return mac.Sum(nil)
}

// use takes note of a response that is right, and returns an error if it was used.
func (c *challenges) use(response string, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for other, until := range c.used {
		if until.Before(now) {
			delete(c.used, other)
		}
	}
	if _, used := c.used[response]; used {
		return errReplay
	}
	if len(c.used) >= usedResponses {
		return errCrowded
	}
	if c.used == nil {
		c.used = make(map[string]time.Time)
	}
	c.used[response] = now.Add(2 * challengeEvery)
	return nil
}
