package gateway

import "context"

// ready says, in a line, whether publishers and viewers should be sent here. A disk that takes
// nothing is no reason to send them elsewhere: streams go on from memory, and no other
// gateway has them.
func (g *Gateway) ready() (word string, is bool) {
	switch {
	case g.leaving.Load():
		return "the gateway is stopping", false
	case g.spool != nil && g.spool.Failing() != nil:
		return "ready, but segments are not written: streams go on from memory", true
	}
	return "ready", true
}

// leave makes the gateway not ready any more when asked ends. What it returns ends
// stop.delay later: by then who sends publishers and viewers here has asked.
func (g *Gateway) leave(asked context.Context) (ctx context.Context, forget func()) {
	unready := context.AfterFunc(asked, func() {
		g.leaving.Store(true)
		g.log.Info().Stringer("delay", g.config.Stop.Delay).Msg("stopping")
	})
	ctx, cancel := afterwards(asked, g.config.Stop.Delay)
	return ctx, func() {
		unready()
		cancel()
	}
}
