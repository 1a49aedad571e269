package access

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// An Entry is what is kept of a user: "NAME:SALT:HASH". The hash is that which the protocol of Adobe has
// (see Users): MD5, in base64, of name, salt and password. Whoever knows it can publish, as with the
// password, which it only hides.
type Entry struct{ Name, Salt, Hash string }

// NewEntry returns that of a user with a password, with a new salt.
func NewEntry(name, password string) (Entry, error) {
	var salt [8]byte
	_, _ = rand.Read(salt[:]) // it never fails
	e := Entry{Name: name, Salt: hex.EncodeToString(salt[:])}
	e.Hash = sum(name, e.Salt, password)
	if password == "" {
		return e, errors.New("the password is empty")
	}
	return ParseEntry(e.String())
}

// sum returns the MD5 of texts, in base64. The protocol knows no other hash.
func sum(texts ...string) string {
	digest := md5.Sum([]byte(strings.Join(texts, "")))
	return base64.StdEncoding.EncodeToString(digest[:])
}

const longestSalt = 24

// ParseEntry reads "NAME:SALT:HASH". Names are of at most 64 letters, digits and "._~-": encoders put them
// into URLs as they are.
func ParseEntry(text string) (Entry, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 || !validUser(parts[0]) || parts[1] == "" || len(parts[1]) > longestSalt || strings.ContainsAny(parts[1], "&= ") {
		return Entry{}, errors.New("a user is NAME:SALT:HASH, as sluice key --user prints it")
	}
	if digest, err := base64.StdEncoding.DecodeString(parts[2]); err != nil || len(digest) != md5.Size {
		return Entry{}, errors.New("the hash of a user is MD5 in base64, as sluice key --user prints it")
	}
	return Entry{parts[0], parts[1], parts[2]}, nil
}

// validUser reports whether somebody may be called so.
func validUser(name string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9._~-]{1,64}$`).MatchString(name)
}

// String returns what ParseEntry reads.
func (e Entry) String() string { return e.Name + ":" + e.Salt + ":" + e.Hash }

// Users judge publishers by user and password, of which they prove that they know it when they connect
// (see Connect).
type Users struct {
	// Apps are those whose publishers are asked for user and password unless they have a token in
	// their URL. Of other applications that is so where Others, the streams of other judges, has none.
	Apps   []string
	Others []Scope

	Now func() time.Time

	all        []user
	challenges challenges
}

type user struct {
	Entry
	scopes []Scope
}

// Add makes a user good for a scope. One who is in several has the same entry in all.
func (u *Users) Add(scope Scope, entry string) error {
	if err := scope.Check(); err != nil {
		return err
	}
	e, err := ParseEntry(entry)
	if err != nil {
		return fmt.Errorf("%s: %w", scope, err)
	}
	if known := u.find(e.Name); known == nil {
		u.all = append(u.all, user{e, []Scope{scope}})
	} else if known.Entry != e {
		return fmt.Errorf("%s: %s has another salt or hash elsewhere", scope, e.Name)
	} else {
		known.scopes = append(known.scopes, scope)
	}
	return nil
}

// find returns a user, nil if there is none of that name.
func (u *Users) find(name string) *user {
	for i := range u.all {
		if u.all[i].Name == name {
			return &u.all[i]
		}
	}
	return nil
}

// Serve reports whether there is a user for anything of an application.
func (u *Users) Serve(app string) bool {
	return slices.ContainsFunc(u.all, func(one user) bool {
		return slices.ContainsFunc(one.scopes, func(s Scope) bool { return s.Touches(app) })
	})
}

// asks reports whether who connects to an application is asked for user and password. What encoders that
// have none do then is to give up, and they have not said yet which stream key they have.
func (u *Users) asks(app string, token bool) bool {
	if slices.Contains(u.Apps, app) {
		return !token
	}
	return u.Serve(app) && !slices.ContainsFunc(u.Others, func(s Scope) bool { return s.Touches(app) })
}

var errUser = errors.New("no user has proved to be one who may")

// Judge implements Judge: it takes the user that Connect has returned.
func (u *Users) Judge(_ context.Context, req Request) (Grant, error) {
	if one := u.find(req.User); one != nil && slices.ContainsFunc(one.scopes, func(s Scope) bool { return s.Covers(req.App, req.Key) }) {
		return Grant{App: req.App, Key: req.Key}, nil
	}
	return Grant{}, errUser
}
