package access_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"sluice/pkg/access"
)

var (
	noon  = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("192.0.2.2")
)

func TestScope(t *testing.T) {
	for scope, covers := range map[access.Scope][3]bool{ // live/show, live/other, vod/show
		"*": {true, true, true}, "live/*": {true, true, false}, "live/show": {true, false, false}, "live/sho*": {}, "*/show": {}, "live": {}, "live/": {}, "/show": {}, "": {},
	} {
		valid := covers != [3]bool{}
		if err := scope.Check(); (err == nil) != valid {
			t.Errorf("%q: %v", scope, err)
		}
		got := [3]bool{scope.Covers("live", "show"), scope.Covers("live", "other"), scope.Covers("vod", "show")}
		if valid && got != covers {
			t.Errorf("%q covers %v, want %v", scope, got, covers)
		}
	}
}

// TestKeys has keys be right, wrong, of another stream, and in place of a name.
func TestKeys(t *testing.T) {
	show, old, all := access.NewKey(), access.NewKey(), access.NewKey()
	var keys access.Keys
	for key, scope := range map[string]access.Scope{show: "live/show", old: "live/show", all: "live/*"} {
		if err := keys.Add(scope, access.HashOf(key).String()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		app, key, token, want string
	}{
		{"live", "show", show, "live/show"},
		{"live", "show", old, "live/show"},
		{"live", "show", all, "live/show"},
		{"live", "other", all, "live/other"},
		{"live", "other", show, ""},
		{"vod", "show", show, ""},
		{"live", "show", "", ""},
		{"live", "show", show[1:], ""},
		{"live", "show", access.HashOf(show).String(), ""},
		{"live", show, "", "live/show"},
		{"live", show, "x", "live/show"},
		{"vod", show, "", ""},
		{"live", all, "", ""},
		{"live", "", "", ""},
	} {
		got, err := keys.Judge(t.Context(), access.Request{App: c.app, Key: c.key, Token: c.token})
		if name := strings.TrimPrefix(got.App+"/"+got.Key, "/"); name != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %q, %v", c, name, err)
		}
	}
	for _, hash := range []string{"", "sha256:", show, "sha256:" + strings.Repeat("z", 64), "sha256:" + strings.Repeat("0", 66), "md5:" + strings.Repeat("0", 64)} {
		if err := keys.Add("live/show", hash); err == nil {
			t.Errorf("%q is taken for a hash", hash)
		}
	}
	if err := keys.Add("live", access.HashOf(show).String()); err == nil {
		t.Error("no error for a wrong scope")
	}
}

// A signer signs tokens in one of the ways there are.
type signer struct {
	method jwt.SigningMethod
	key    any
	id     string
}

func (s signer) sign(t *testing.T, scope string, more jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{"scope": scope, "exp": noon.Add(time.Hour).Unix(), "aud": "sluice", "iss": "studio"}
	for name, value := range more {
		if value == nil {
			delete(claims, name)
			continue
		}
		claims[name] = value
	}
	token := jwt.NewWithClaims(s.method, claims)
	if s.id != "" {
		token.Header["kid"] = s.id
	}
	text, err := token.SignedString(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func publicPEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// TestJWT has tokens be signed in each way, and be right and wrong.
func TestJWT(t *testing.T) {
	secret := []byte(strings.Repeat("s", 32))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	set := jwkset.NewMemoryStorage()
	publish := func(id string, key any) {
		k, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: id}})
		if err != nil {
			t.Fatal(err)
		}
		if err := set.KeyWrite(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	publish("one", &rsaKey.PublicKey)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		all, err := set.JSONPublic(r.Context())
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(all)
	}))
	defer server.Close()

	for name, c := range map[string]struct {
		signer
		use func(*access.JWT) error
	}{
		"HS256": {signer{jwt.SigningMethodHS256, secret, ""}, func(j *access.JWT) error { return j.UseSecret(secret) }},
		"RS256": {signer{jwt.SigningMethodRS256, rsaKey, ""}, func(j *access.JWT) error { return j.UsePublicKey(publicPEM(t, &rsaKey.PublicKey)) }},
		"EdDSA": {signer{jwt.SigningMethodEdDSA, edKey, ""}, func(j *access.JWT) error { return j.UsePublicKey(publicPEM(t, edPublic)) }},
		"key set": {signer{jwt.SigningMethodRS256, rsaKey, "one"}, func(j *access.JWT) error {
			j.UseKeySet(server.URL, server.Client(), func(err error) { t.Error(err) })
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			j := &access.JWT{Audience: "sluice", Issuer: "studio", Now: func() time.Time { return noon }}
			if err := errors.Join(c.use(j), j.Start(t.Context())); err != nil {
				t.Fatal(err)
			}
			judge := func(token, app, key string) error {
				grant, err := j.Judge(t.Context(), access.Request{App: app, Key: key, Token: token})
				if err == nil && (grant.App != app || grant.Key != key) {
					t.Errorf("%+v", grant)
				}
				return err
			}
			right := c.sign(t, "watch:live/show publish:live/show", nil)
			if err := judge(right, "live", "show"); err != nil {
				t.Error(err)
			}
			for what, token := range map[string]string{
				"none":                   "",
				"of another stream":      c.sign(t, "publish:live/other", nil),
				"for another thing":      c.sign(t, "watch:live/show", nil),
				"without a scope":        c.sign(t, "", nil),
				"expired":                c.sign(t, "publish:*", jwt.MapClaims{"exp": noon.Add(-time.Minute).Unix()}),
				"that never expires":     c.sign(t, "publish:*", jwt.MapClaims{"exp": nil}),
				"not valid yet":          c.sign(t, "publish:*", jwt.MapClaims{"nbf": noon.Add(time.Minute).Unix()}),
				"for another audience":   c.sign(t, "publish:*", jwt.MapClaims{"aud": "elsewhere"}),
				"of another issuer":      c.sign(t, "publish:*", jwt.MapClaims{"iss": "elsewhere"}),
				"without a signature":    signer{jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, c.id}.sign(t, "publish:*", nil),
				"signed by a public key": signer{jwt.SigningMethodHS256, publicPEM(t, &rsaKey.PublicKey), c.id}.sign(t, "publish:*", nil),
				"changed":                right[:len(right)-4] + "AAAA",
			} {
				if err := judge(token, "live", "show"); err == nil {
					t.Errorf("a token %s is good", what)
				}
			}
		})
	}

	t.Run("keys that change", func(t *testing.T) {
		j := &access.JWT{Now: func() time.Time { return noon }}
		j.UseKeySet(server.URL, server.Client(), func(error) {})
		if _, err := j.Judge(t.Context(), access.Request{App: "live", Key: "show", Token: signer{jwt.SigningMethodRS256, rsaKey, "one"}.sign(t, "publish:*", nil)}); err == nil {
			t.Error("a token is good before there are keys")
		}
		if err := j.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := asked.Load()
		publish("two", edPublic)
		token := signer{jwt.SigningMethodEdDSA, edKey, "two"}.sign(t, "publish:*", nil)
		for range 5 {
			if _, err := j.Judge(t.Context(), access.Request{App: "live", Key: "show", Token: token}); err != nil {
				t.Error(err)
			}
		}
		unknown := signer{jwt.SigningMethodEdDSA, edKey, "three"}.sign(t, "publish:*", nil)
		for range 5 {
			if _, err := j.Judge(t.Context(), access.Request{App: "live", Key: "show", Token: unknown}); err == nil {
				t.Error("a key that is not in the set is good")
			}
		}
		if n := asked.Load() - before; n != 1 {
			t.Errorf("the set was fetched %d times", n)
		}
	})
	if err := new(access.JWT).UseSecret(secret[1:]); err == nil {
		t.Error("no error for a short secret")
	}
	if err := new(access.JWT).UsePublicKey([]byte("no key")); err == nil {
		t.Error("no error for what is no key")
	}
}

// A gate lets in who presents one word, and counts how often it is asked.
type gate struct {
	word  string
	asked int
}

func (g *gate) Judge(_ context.Context, req access.Request) (access.Grant, error) {
	g.asked++
	if req.Token != g.word {
		return access.Grant{}, errors.New("not the word")
	}
	return access.Grant{App: req.App, Key: req.Key}, nil
}

// TestGuard has an address be refused until what is limited is not asked for it any more.
func TestGuard(t *testing.T) {
	now := noon
	free, limited := &gate{word: "free"}, &gate{word: "limited"}
	guard := access.NewGuard(func() time.Time { return now }, []access.Judge{free}, []access.Judge{limited})
	try := func(addr netip.Addr, token string) error {
		_, err := guard.Admit(t.Context(), access.Request{App: "live", Key: "show", Token: token, Remote: addr})
		if err != nil && !errors.Is(err, access.ErrDenied) {
			t.Errorf("%v is not ErrDenied", err)
		}
		return err
	}
	for range 30 {
		if err := try(here, "wrong"); err == nil {
			t.Fatal("a wrong word is good")
		}
	}
	if limited.asked != 10 || free.asked != 30 {
		t.Errorf("asked %d and %d times", limited.asked, free.asked)
	}
	if err := try(here, "limited"); !errors.Is(err, access.ErrTooOften) {
		t.Errorf("%v, want ErrTooOften", err)
	}
	if err := errors.Join(try(here, "free"), try(there, "limited")); err != nil {
		t.Error(err)
	}
	now = now.Add(time.Hour)
	if err := try(here, "limited"); err != nil {
		t.Error(err)
	}
	for i := range 100_000 {
		_ = try(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), "wrong")
	}
	if err := try(there, "limited"); err != nil {
		t.Error(err)
	}
}

// TestTokens has tokens be right and wrong.
func TestTokens(t *testing.T) {
	old, secret, other := []byte(strings.Repeat("o", 32)), []byte(strings.Repeat("s", 40)), []byte(strings.Repeat("x", 32))
	secrets, err := access.ParseSecrets([]byte("\n " + string(secret) + " \r\n" + string(old)))
	if err != nil {
		t.Fatal(err)
	}
	later := noon.Add(time.Second)
	right := access.MakeToken(secret, "live/show", later)
	for _, c := range []struct {
		what string
		pass access.Token
		want error
	}{
		{"right", right, nil},
		{"of another secret", access.MakeToken(old, "live/*", later), nil},
		{"for all", access.MakeToken(secret, "*", later), nil},
		{"for another stream", access.MakeToken(secret, "live/other", later), access.ErrScope},
		{"for a part of the name", access.MakeToken(secret, "live/sho", later), access.ErrScope},
		{"expired", access.MakeToken(secret, "live/show", noon), access.ErrExpired},
		{"for nothing", access.MakeToken(secret, "live", later), access.ErrForged},
		{"forged", access.MakeToken(other, "live/show", later), access.ErrForged},
		{"changed", "x" + right, access.ErrForged},
		{"with another signature", right[:len(right)-2], access.ErrForged},
		{"padded", right + "=", access.ErrForged},
		{"of nothing", "", access.ErrForged},
		{"empty", ".", access.ErrForged},
		{"signed, but no token", access.Token(signed(secret, "bm90aGluZw")), access.ErrForged},
	} {
		if err := secrets.Check(c.pass, "live", "show", noon); !errors.Is(err, c.want) {
			t.Errorf("a token %s: %v, want %v", c.what, err, c.want)
		}
	}
	// As the documentation has it.
	const want = "MTc4MDMxNTIwMTpsaXZlL3Nob3c" // as in web/test/edge-token.test.ts
	if text, _, _ := strings.Cut(string(right), "."); text != want || string(right) != signed(secret, want) {
		t.Errorf("%s, want %s", right, signed(secret, want))
	}
	for _, text := range []string{"", "\n\n", "short", string(secret) + "\nshort"} {
		if _, err := access.ParseSecrets([]byte(text)); err == nil {
			t.Errorf("%q are secrets", text)
		}
	}
}

// signed returns a payload with its signature, made by the documentation.
func signed(secret []byte, payload string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(payload))
	return payload + "." + strings.TrimRight(base64.URLEncoding.EncodeToString(mac.Sum(nil)), "=")
}

// TestViewers has tokens of both kinds stand in the same place.
func TestViewers(t *testing.T) {
	secret := []byte(strings.Repeat("s", 32))
	j := &access.JWT{Now: func() time.Time { return noon }}
	if err := j.UseSecret(secret); err != nil {
		t.Fatal(err)
	}
	tokens := signer{jwt.SigningMethodHS256, secret, ""}
	both := &access.Viewers{Secrets: access.Secrets{secret}, JWT: j, Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/31")}, Now: j.Now}
	passes := &access.Viewers{Secrets: access.Secrets{secret}, Now: j.Now}
	pass, token := string(access.MakeToken(secret, "live/*", noon.Add(time.Hour))), tokens.sign(t, "watch:live/show publish:live/other", nil)
	for _, c := range []struct {
		viewers   *access.Viewers
		pass, key string
		good      bool
	}{
		{both, pass, "show", true},
		{both, token, "show", true},
		{both, token, "other", false},
		{both, "", "show", false},
		{passes, pass, "show", true},
		{passes, token, "show", false},
		{&access.Viewers{JWT: j, Now: j.Now}, pass, "show", false},
		{&access.Viewers{JWT: j, Now: j.Now}, token, "show", true},
	} {
		if err := c.viewers.Check(t.Context(), c.pass, "live", c.key); (err == nil) != c.good {
			t.Errorf("%s of %q: %v", c.key, c.pass, err)
		}
	}
	if !both.Trusts(netip.MustParseAddr("::ffff:192.0.2.1")) || both.Trusts(there) {
		t.Error("not who is trusted")
	}
}
