package gateway

import (
	"context"
	"net/netip"
	"sync/atomic"

	"github.com/rs/zerolog"

	"sluice/pkg/access"
)

// A door is the entrance as it is now, which changes with the settings.
type door struct {
	now atomic.Pointer[entrance]
	end context.CancelFunc // of what the entrance does in the background
}

// open puts an entrance in force that has fetched what it needs. It goes on with that until ctx ends, or another one
// is in force. One caller at a time.
func (d *door) open(ctx context.Context, e *entrance) error {
	ctx, end := context.WithCancel(ctx)
	if err := e.start(ctx); err != nil {
		end()
		return err
	}
	d.now.Store(e)
	if d.end != nil {
		d.end()
	}
	d.end = end
	return nil
}

// guard returns that of those who publish, nil if everybody may.
func (d *door) guard() *access.Guard { return d.now.Load().guard }

// warn tells the log if everybody may publish.
func (d *door) warn(log zerolog.Logger) {
	if d.guard() == nil {
		log.Warn().Msg("no authorisation is configured: anyone who reaches the RTMP port may publish")
	}
}

// viewers returns what says who may watch, nil if everybody may.
func (d *door) viewers() *access.Viewers { return d.now.Load().viewers }

// Guards implements origin.Gate.
func (d *door) Guards() bool { return d.viewers() != nil }

// Check implements origin.Gate.
func (d *door) Check(ctx context.Context, token, app, name string) error {
	if v := d.viewers(); v != nil {
		return v.Check(ctx, token, app, name)
	}
	return nil
}

// Trusts implements origin.Gate.
func (d *door) Trusts(addr netip.Addr) bool {
	v := d.viewers()
	return v == nil || v.Trusts(addr)
}
