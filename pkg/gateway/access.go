package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"sluice/pkg/access"
)

// openAccess makes the guard of those who publish, nil if everybody may. What it needs to keep up to
// date ends with ctx.
func (g *Gateway) openAccess(ctx context.Context) (*access.Guard, error) {
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
	tokens, err := g.openJWT(ctx)
	if err != nil {
		return nil, err
	}
	if tokens != nil {
		judges = append(judges, tokens)
	}
	if len(judges) == 0 {
		return nil, nil
	}
	return access.NewGuard(time.Now, judges, nil), nil
}

// openJWT makes what checks JSON Web Tokens, nil if nothing does.
func (g *Gateway) openJWT(ctx context.Context) (*access.JWT, error) {
	c := g.config.Publish.JWT
	j := &access.JWT{Audience: c.Audience, Issuer: c.Issuer, Now: time.Now}
	switch {
	case c.SecretFile != "":
		return j, g.useFile("publish.jwt.secret_file", c.SecretFile, j.UseSecret)
	case c.PublicKeyFile != "":
		return j, g.useFile("publish.jwt.public_key_file", c.PublicKeyFile, j.UsePublicKey)
	case c.KeySet != "":
		err := j.UseKeySet(ctx, c.KeySet, http.DefaultClient, func(err error) {
			g.log.Error().Err(err).Msg("keys of JSON Web Tokens were not fetched")
		})
		if err != nil {
			return nil, g.config.Fault("publish.jwt.key_set", err)
		}
		return j, nil
	}
	return nil, nil
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
