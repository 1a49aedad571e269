package access

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// refusedAtOnce is how often an address may be refused before that is too often, and
	// refusedEvery is how long it takes for one refusal to be forgotten.
	refusedAtOnce = 10
	refusedEvery  = 6 * time.Second

	// rememberedAddresses bounds how many are remembered: who has more of them has more tries.
	rememberedAddresses = 10_000
)

// refusals are how often addresses were refused lately.
type refusals struct {
	now func() time.Time

	mu  sync.Mutex
	all map[netip.Prefix]time.Time // when the last refusal of each is forgotten
}

// network returns the addresses that one party has, as a rule: one of IPv4, and a network of 64 bits
// of IPv6.
func network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // the zero Prefix for no address
	return p
}

// many reports whether an address was refused too often.
func (r *refusals) many(addr netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[network(addr)].Sub(r.now()) > (refusedAtOnce-1)*refusedEvery
}

// count takes note of a refusal.
func (r *refusals) count(addr netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, who := r.now(), network(addr)
	if r.all == nil {
		r.all = make(map[netip.Prefix]time.Time)
	}
	if _, known := r.all[who]; !known && len(r.all) >= rememberedAddresses {
		r.makeRoom(now)
	}
	at := r.all[who]
	if at.Before(now) {
		at = now
	}
	r.all[who] = at.Add(refusedEvery)
}

// makeRoom forgets who was not refused lately, and then anybody until half are left: it costs little
// for each, however many come.
func (r *refusals) makeRoom(now time.Time) {
	for who, at := range r.all {
		if at.Before(now) {
			delete(r.all, who)
		}
	}
	for who := range r.all {
		if len(r.all) <= rememberedAddresses/2 {
			return
		}
		delete(r.all, who)
	}
}
