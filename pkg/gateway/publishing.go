package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sluice/pkg/access"
	"sluice/pkg/origin"
	"sluice/pkg/rtmp"
	"sluice/pkg/stream"
)

// publishing lets RTMP publishers into the registry of streams.
type publishing struct {
	registry *stream.Registry
	door     *door
}

// Publish implements rtmp.Handler.
func (p publishing) Publish(ctx context.Context, req *rtmp.Request) (rtmp.Sink, error) {
	if err := p.admit(ctx, req); err != nil {
		return nil, err
	}
	pub, err := p.registry.Publish(ctx, stream.Name{App: req.App, Key: req.Name}, peer{req.Peer, publisherOf(req)})
	if err != nil {
		return nil, translate(err)
	}
	return pub, nil
}

// Connect implements rtmp.Door.
func (p publishing) Connect(ctx context.Context, req *rtmp.Request) error {
	user, err := p.door.guard().Connect(access.Request{App: req.App, Remote: req.Remote.Addr(), Query: req.Query})
	if err != nil {
		hold(ctx, err)
		if rejection := (*access.Rejection)(nil); errors.As(err, &rejection) {
			return &rtmp.Rejection{Told: rejection.Told, Why: rejection.Why}
		}
		return err
	}
	req.User = user
	return nil
}

// tokenParameter is what a publisher's token is called in a query.
const tokenParameter = "token"

// hidden stands for a stream key that may be a secret.
const hidden = "***"

// admit returns rtmp.ErrUnauthorized for a publisher who may not publish, and else gives the stream
// the name that people may know.
func (p publishing) admit(ctx context.Context, req *rtmp.Request) error {
	guard := p.door.guard()
	if guard == nil {
		return nil
	}
	token := req.Query.Get(tokenParameter)
	grant, err := guard.Admit(ctx, access.Request{
		App: req.App, Key: req.Name, Token: token, User: req.User, Remote: req.Remote.Addr(),
		Query: req.Query, URL: req.TCURL, Encoder: req.Encoder, Conn: req.Conn,
	})
	if err != nil {
		if token == "" {
			req.Name = hidden
		}
		hold(ctx, err)
		return fmt.Errorf("%w: %w", rtmp.ErrUnauthorized, err)
	}
	req.App, req.Name = grant.App, grant.Key
	return nil
}

// A peer is an RTMP publisher as streams speak to it.
type peer struct {
	rtmp.Peer
	who stream.Publisher
}

// Publisher implements stream.Peer.
func (p peer) Publisher() stream.Publisher { return p.who }

// End implements stream.Peer.
func (p peer) End(cause error) { p.Peer.End(translate(cause)) }

// translate returns an error of a stream in RTMP's words, where it has some.
func translate(err error) error {
	switch {
	case errors.Is(err, stream.ErrNameInUse):
		return rtmp.ErrNameInUse
	case errors.Is(err, stream.ErrTakenOver):
		return rtmp.ErrTakenOver
	}
	return err
}

// CheckName returns what is wrong with the name of a stream, app/name. It is nil
// for one that can be published under.
func CheckName(text string) error {
	app, key, _ := strings.Cut(text, "/")
	if err := (stream.Name{App: app, Key: key}).Check(origin.Reserved()); err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	return nil
}
