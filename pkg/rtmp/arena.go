package rtmp

// slabSize is the size of the blocks that the bodies of media messages are
// cut from.
const slabSize = 128 << 10

// An arena gives bodies the memory they are assembled in. It never takes more
// than about twice what has arrived, beside one slab: the announced length of
// a body counts only as an upper bound.
//
// The body that began while no other was unfinished grows in place at the
// start of free; all others, and large ones, grow in memory of their own.
type arena struct {
	slabs bool   // media bodies may use slabs
	free  []byte // what is left of the slab, from the start of owner's body
	owner *chunkStream
}

// extend makes the body of cs longer by at most n bytes and returns the new
// ones, to be filled. They are fewer than n when n was only announced.
func (a *arena) extend(cs *chunkStream, n int) []byte {
	if cs.body == nil && a.slabs && a.owner == nil && cs.kind.media() {
		a.owner = cs
		cs.body = a.free[:0]
	}
	have := len(cs.body)
	n = min(n, max(cap(cs.body)-have, have, 4096))
	if have+n > cap(cs.body) {
		a.move(cs, have+n)
	}
	cs.body = cs.body[:have+n]
	return cs.body[have:]
}

// move gives the body of cs memory for at least need bytes.
func (a *arena) move(cs *chunkStream, need int) {
	old := cs.body
	if a.owner == cs && need <= slabSize/2 {
		a.free = make([]byte, slabSize)
		cs.body = a.free[:len(old)]
	} else {
		a.disown(cs)
		cs.body = make([]byte, len(old), max(need, min(cs.length, 2*len(old))))
	}
	copy(cs.body, old)
}

// finish returns the body of cs, which the caller owns, and forgets it.
func (a *arena) finish(cs *chunkStream) []byte {
	n := len(cs.body)
	body := cs.body[:n:n]
	if a.owner == cs {
		a.free = a.free[n:]
	}
	a.drop(cs)
	return body
}

// drop forgets the body of cs.
func (a *arena) drop(cs *chunkStream) {
	a.disown(cs)
	cs.body = nil
}

func (a *arena) disown(cs *chunkStream) {
	if a.owner == cs {
		a.owner = nil
	}
}
