// Package access says who may publish a stream.
//
// A publisher presents a token: a key whose hash the configuration has, or a JSON Web Token; or it proves
// that it knows the password of a user. That is good for some streams (see Scope). Who presents nothing,
// something wrong or what is for another stream is refused.
package access

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"
)

// ErrDenied says that nothing that was presented is good for the stream.
var ErrDenied = errors.New("nothing that was presented is good for this stream")

// ErrTooOften says that an address was refused too often.
var ErrTooOften = errors.New("refused too often")

// A Request is what a publisher asks for, and what it presents.
type Request struct {
	App, Key string // as the publisher names the stream
	Token    string // empty for none
	User     string // that Connect has returned, empty for none
	Remote   netip.Addr

	// What else is known of it.
	Query   url.Values // of the stream key and of the URL
	URL     string     // of the application
	Encoder string     // the name that it has of itself
	Conn    uint64     // number of its connection
}

// A Grant is what a publisher gets.
type Grant struct {
	App, Key string // name of the stream
}

// A Judge knows one kind of token.
type Judge interface {
	// Judge returns what the token of a request is good for, or an error.
	Judge(ctx context.Context, req Request) (Grant, error)
}

// A Guard lets publishers in whom one of its judges lets in.
type Guard struct {
	// Judges are those of tokens that nobody can guess, and Limited those of what can be guessed, or
	// whose judgement costs others something: they are not asked for an address that was refused too often.
	Judges, Limited []Judge

	// Users are asked of those who connect, nil for nobody. They are also among the judges.
	Users *Users

	refusals refusals
}

// NewGuard returns a Guard, which refuses everybody if there are no judges.
func NewGuard(now func() time.Time, judges, limited []Judge) *Guard {
	return &Guard{Judges: judges, Limited: limited, refusals: refusals{now: now}}
}

// Connect returns the user that a client has proved to be that connects to an application, empty if it
// has said nothing of one. It returns a *Rejection for a client that has to say more, or has said something
// wrong, which ErrTooOften says, too, for an address that was refused too often. Of the request only the
// application, its query and the address count.
func (g *Guard) Connect(req Request) (user string, err error) {
	if g == nil || g.Users == nil {
		return "", nil
	}
	if req.Query.Get("response") != "" && g.refusals.many(req.Remote) {
		g.refusals.count(req.Remote)
		return "", &Rejection{Told: toldFailure, Why: ErrTooOften}
	}
	user, err = g.Users.connect(req.App, req.Query)
	if rejected := (*Rejection)(nil); errors.As(err, &rejected) && rejected.Why != nil {
		g.refusals.count(req.Remote)
	}
	return user, err
}

// Admit returns what a publisher gets, or ErrDenied with what its judges say, and ErrTooOften for an
// address that was refused too often.
func (g *Guard) Admit(ctx context.Context, req Request) (Grant, error) {
	judges := g.Judges
	denied := ErrDenied
	if g.refusals.many(req.Remote) {
		denied = fmt.Errorf("%w: %w", denied, ErrTooOften)
	} else {
		judges = append(judges[:len(judges):len(judges)], g.Limited...)
	}
	for _, j := range judges {
		grant, err := j.Judge(ctx, req)
		if err == nil {
			return grant, nil
		}
		denied = fmt.Errorf("%w: %w", denied, err)
	}
	g.refusals.count(req.Remote)
	return Grant{}, denied
}
