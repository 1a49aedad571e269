package access

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// JWT is how JSON Web Tokens (RFC 7519) are checked. Their claim "scope" (RFC 8693 4.2) names what
// they are good for: "publish:live/show", "publish:live/*" or "publish:*", several of them with spaces
// between. A token that does not expire is refused.
type JWT struct {
	Audience, Issuer string // which the claims must have; empty for any
	Now              func() time.Time

	keys    jwt.Keyfunc
	methods []string
}

// UseSecret has tokens be signed with HS256.
func (j *JWT) UseSecret(secret []byte) error {
	const least = 32 // bytes: RFC 7518 3.2
	if len(secret) < least {
		return fmt.Errorf("a secret of %d bytes is too short: HS256 wants %d", len(secret), least)
	}
	j.methods = []string{jwt.SigningMethodHS256.Alg()}
	j.keys = func(*jwt.Token) (any, error) { return secret, nil }
	return nil
}

// UsePublicKey has tokens be signed with RS256 or EdDSA: the key, in PEM, says which.
func (j *JWT) UsePublicKey(pem []byte) error {
	var key crypto.PublicKey
	if rsa, err := jwt.ParseRSAPublicKeyFromPEM(pem); err == nil {
		key, j.methods = rsa, []string{jwt.SigningMethodRS256.Alg()}
	} else if ed, err := jwt.ParseEdPublicKeyFromPEM(pem); err == nil {
		key, j.methods = ed, []string{jwt.SigningMethodEdDSA.Alg()}
	} else {
		return errors.New("there is no public key of RSA or Ed25519 in PEM")
	}
	j.keys = func(*jwt.Token) (any, error) { return key, nil }
	return nil
}

// UseKeySet has tokens be signed with RS256 or EdDSA and a key of a JSON Web Key Set (RFC 7517), which
// is fetched from a URL now, each hour, and when a token names a key that is not in it, which costs at
// most one request in five minutes. What goes wrong with that is told to fail. It ends with ctx.
func (j *JWT) UseKeySet(ctx context.Context, url string, client *http.Client, fail func(error)) error {
	set, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{url}, keyfunc.Override{
		Client:           client,
		HTTPTimeout:      5 * time.Second,
		RateLimitWaitMax: time.Second,
		RefreshErrorHandlerFunc: func(string) func(context.Context, error) {
			return func(_ context.Context, err error) { fail(err) }
		},
	})
	if err != nil {
		return fmt.Errorf("key set: %w", err)
	}
	j.keys = set.Keyfunc
	j.methods = []string{jwt.SigningMethodRS256.Alg(), jwt.SigningMethodEdDSA.Alg()}
	return nil
}

// claims are those that count.
type claims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"`
}

// leeway is by how much the clock of who issues tokens may differ from ours.
const leeway = 10 * time.Second

// Judge implements Judge.
func (j *JWT) Judge(_ context.Context, req Request) (Grant, error) {
	options := []jwt.ParserOption{jwt.WithValidMethods(j.methods), jwt.WithExpirationRequired(), jwt.WithTimeFunc(j.Now), jwt.WithLeeway(leeway)}
	if j.Audience != "" {
		options = append(options, jwt.WithAudience(j.Audience))
	}
	if j.Issuer != "" {
		options = append(options, jwt.WithIssuer(j.Issuer))
	}
	var c claims
	if _, err := jwt.ParseWithClaims(req.Token, &c, j.keys, options...); err != nil {
		return Grant{}, err
	}
	for _, s := range strings.Fields(c.Scope) {
		if scope, ok := strings.CutPrefix(s, "publish:"); ok && Scope(scope).Check() == nil && Scope(scope).Covers(req.App, req.Key) {
			return Grant{App: req.App, Key: req.Key}, nil
		}
	}
	return Grant{}, fmt.Errorf("the token's scope %q has no publish:%s/%s", c.Scope, req.App, req.Key)
}
