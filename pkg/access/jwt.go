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
	start   func(context.Context) (keyfunc.Keyfunc, error)
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

// UseKeySet has tokens be signed with RS256 or EdDSA and a key of the JSON Web Key Set (RFC 7517) at a URL:
// see Start. What goes wrong with fetching that is told to fail.
func (j *JWT) UseKeySet(url string, client *http.Client, fail func(error)) {
	j.start = func(ctx context.Context) (keyfunc.Keyfunc, error) {
		return keyfunc.NewDefaultOverrideCtx(ctx, []string{url}, keyfunc.Override{
			Client:           client,
			HTTPTimeout:      5 * time.Second,
			RateLimitWaitMax: time.Second,
			RefreshErrorHandlerFunc: func(string) func(context.Context, error) {
				return func(_ context.Context, err error) { fail(err) }
			},
		})
	}
	j.keys = func(*jwt.Token) (any, error) { return nil, errors.New("the key set was not fetched") }
	j.methods = []string{jwt.SigningMethodRS256.Alg(), jwt.SigningMethodEdDSA.Alg()}
}

// Start fetches a key set, if there is one, and until ctx ends fetches it again each hour, and when a token
// names a key that is not in it, which costs at most one request in five minutes. It comes before the
// first token.
func (j *JWT) Start(ctx context.Context) error {
	if j == nil || j.start == nil {
		return nil
	}
	set, err := j.start(ctx)
	if err != nil {
		return fmt.Errorf("key set: %w", err)
	}
	j.keys = set.Keyfunc
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
func (j *JWT) Judge(ctx context.Context, req Request) (Grant, error) {
	return Grant{App: req.App, Key: req.Key}, j.check(ctx, req.Token, "publish", req.App, req.Key)
}

// check returns why a token is not good for doing something with a stream, nil if it is.
func (j *JWT) check(_ context.Context, token, what, app, key string) error {
	options := []jwt.ParserOption{jwt.WithValidMethods(j.methods), jwt.WithExpirationRequired(), jwt.WithTimeFunc(j.Now), jwt.WithLeeway(leeway)}
	if j.Audience != "" {
		options = append(options, jwt.WithAudience(j.Audience))
	}
	if j.Issuer != "" {
		options = append(options, jwt.WithIssuer(j.Issuer))
	}
	var c claims
	if _, err := jwt.ParseWithClaims(token, &c, j.keys, options...); err != nil {
		return err
	}
	for _, s := range strings.Fields(c.Scope) {
		if scope, ok := strings.CutPrefix(s, what+":"); ok && Scope(scope).Check() == nil && Scope(scope).Covers(app, key) {
			return nil
		}
	}
	return fmt.Errorf("the token's scope %q has no %s:%s/%s", c.Scope, what, app, key)
}
