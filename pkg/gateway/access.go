package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"sluice/pkg/access"
	"sluice/pkg/config"
	"sluice/pkg/hooks"
)

// An entrance is who may publish, and who may watch.
type entrance struct {
	guard   *access.Guard   // of those who publish, nil if everybody may
	viewers *access.Viewers // nil if everybody may watch
	tokens  []*access.JWT
}

// start fetches what tokens are checked with.
func (e *entrance) start(ctx context.Context) error {
	for _, t := range e.tokens {
		if err := t.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (g *Gateway) openEntrance() (err error) {
	if g.entrance.guard, err = g.openGuard(); err != nil {
		return err
	}
	g.entrance.viewers, err = g.openViewers()
	return err
}

// openGuard makes the guard of those who publish, nil if everybody may.
func (g *Gateway) openGuard() (*access.Guard, error) {
	var judges []access.Judge
	var keys access.Keys
	for _, list := range g.config.Publish.Keys {
		if len(list.Items) == 0 {
			return nil, g.config.Fault("publish.keys", fmt.Errorf("%s has no keys", list.Name))
		}
		for _, hash := range list.Items {
			if err := keys.Add(access.Scope(list.Name), hash); err != nil {
				return nil, g.config.Fault("publish.keys", err)
			}
		}
	}
	if len(g.config.Publish.Keys) > 0 {
		judges = append(judges, &keys)
	}
	tokens, err := g.openJWT("publish.jwt", g.config.Publish.JWT)
	if err != nil {
		return nil, err
	}
	if tokens != nil {
		judges = append(judges, tokens)
	}
	limited, err := g.openWebhook()
	if err != nil {
		return nil, err
	}
	users, err := g.openUsers(tokens != nil || len(limited) > 0)
	if err != nil {
		return nil, err
	}
	if users != nil {
		judges = append(judges, users)
	}
	if len(judges)+len(limited) == 0 {
		return nil, nil
	}
	guard := access.NewGuard(time.Now, judges, limited)
	guard.Users = users
	return guard, nil
}

// openUsers makes what knows users and their passwords, nil if there are none. anywhere says that others may
// publish any stream, by what cannot be known when they connect.
func (g *Gateway) openUsers(anywhere bool) (*access.Users, error) {
	c := g.config.Publish
	users := &access.Users{Apps: config.Names(c.AskUser), Now: time.Now}
	for _, list := range c.Users {
		for _, entry := range list.Items {
			if err := users.Add(access.Scope(list.Name), entry); err != nil {
				return nil, g.config.Fault("publish.users", err)
			}
		}
	}
	for _, app := range users.Apps {
		if !users.Serve(app) {
			return nil, g.config.Fault("publish.ask_user", fmt.Errorf("there is no user for %s", app))
		}
	}
	if len(c.Users) == 0 {
		return nil, nil
	}
	if anywhere {
		users.Others = append(users.Others, "*")
	}
	for _, list := range c.Keys {
		users.Others = append(users.Others, access.Scope(list.Name))
	}
	return users, nil
}

// A webhook judges publishers by asking another program.
type webhook struct{ *hooks.Hook }

// Judge implements access.Judge.
func (w webhook) Judge(ctx context.Context, r access.Request) (access.Grant, error) {
	app, key, err := w.Admit(ctx, hooks.Publisher{
		App: r.App, Key: r.Key, Query: r.Query, URL: r.URL, Encoder: r.Encoder, Remote: r.Remote, Conn: r.Conn,
	})
	return access.Grant{App: app, Key: key}, err
}

// openWebhook returns what asks who may publish, none if nothing does.
func (g *Gateway) openWebhook() ([]access.Judge, error) {
	c := g.config.Publish.Webhook
	if c.URL == "" {
		return nil, nil
	}
	h := newHook(c.URL, c.Format, c.Timeout)
	return []access.Judge{webhook{h}}, g.useSecret("publish.webhook.secret_file", c.SecretFile, h)
}

// openViewers makes what says who may watch, nil if everybody may.
func (g *Gateway) openViewers() (*access.Viewers, error) {
	c := g.config.Watch
	tokens, err := g.openJWT("watch.jwt", c.JWT)
	if err != nil || tokens == nil && c.SecretFile == "" {
		return nil, err
	}
	v := &access.Viewers{JWT: tokens, Now: time.Now}
	if v.Trusted, err = config.Networks(c.Trusted); err != nil {
		return nil, g.config.Fault("watch.trusted", err)
	}
	if c.SecretFile != "" {
		err = g.useFile("watch.secret_file", c.SecretFile, func(text []byte) error {
			v.Secrets, err = access.ParseSecrets(text)
			return err
		})
	}
	return v, err
}

// openJWT makes what checks JSON Web Tokens, nil if nothing does. key is the section of c.
func (g *Gateway) openJWT(key string, c config.JWT) (*access.JWT, error) {
	j := &access.JWT{Audience: c.Audience, Issuer: c.Issuer, Now: time.Now}
	var err error
	switch {
	case c.SecretFile != "":
		err = g.useFile(key+".secret_file", c.SecretFile, j.UseSecret)
	case c.PublicKeyFile != "":
		err = g.useFile(key+".public_key_file", c.PublicKeyFile, j.UsePublicKey)
	case c.KeySet != "":
		j.UseKeySet(c.KeySet, http.DefaultClient, func(err error) {
			g.log.Error().Err(err).Msg("keys of JSON Web Tokens were not fetched")
		})
	default:
		return nil, nil
	}
	g.entrance.tokens = append(g.entrance.tokens, j)
	return j, err
}

// useFile hands what a file holds to use. An error names the key.
func (g *Gateway) useFile(key, path string, use func([]byte) error) error {
	content, err := os.ReadFile(path)
	if err == nil {
		err = use(content)
	}
	if err != nil {
		return g.config.Fault(key, err)
	}
	return nil
}

// tooOften is how long it takes to refuse somebody who was refused too often.
const tooOften = 2 * time.Second

// hold makes who was refused too often wait.
func hold(ctx context.Context, err error) {
	if !errors.Is(err, access.ErrTooOften) {
		return
	}
	select {
	case <-time.After(tooOften):
	case <-ctx.Done():
	}
}
