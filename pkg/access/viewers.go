package access

import (
	"context"
	"net/netip"
	"strings"
	"time"
)

// Viewers judge who may watch.
type Viewers struct {
	Secrets Secrets        // of tokens of our own
	JWT     *JWT           // whose scope has "watch:live/show"; nil takes none
	Trusted []netip.Prefix // networks of CDNs, who have checked what they ask for
	Now     func() time.Time
}

// Check returns why somebody with a token, which may be a JSON Web Token, may not watch a stream, nil if
// he may.
func (v *Viewers) Check(ctx context.Context, token, app, key string) error {
	if strings.Count(token, ".") == 1 {
		return v.Secrets.Check(Token(token), app, key, v.Now())
	}
	if v.JWT == nil {
		return ErrForged
	}
	return v.JWT.check(ctx, token, "watch", app, key)
}

// Trusts reports whether an address is of a CDN.
func (v *Viewers) Trusts(addr netip.Addr) bool {
	addr = addr.Unmap()
	for _, p := range v.Trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
