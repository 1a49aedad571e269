package gateway

import (
	"context"
	"errors"
	"fmt"

	"sluice/pkg/rtmp"
	"sluice/pkg/stream"
)

// publishing lets RTMP publishers into the registry of streams.
type publishing struct {
	registry *stream.Registry
}

// Publish implements rtmp.Handler.
func (p publishing) Publish(ctx context.Context, req rtmp.Request) (rtmp.Sink, error) {
	pub, err := p.registry.Publish(ctx, stream.Name{App: req.App, Key: req.Name}, nil)
	switch {
	case errors.Is(err, stream.ErrNameInUse):
		return nil, fmt.Errorf("%w: %s/%s", rtmp.ErrNameInUse, req.App, req.Name)
	case err != nil:
		return nil, err
	}
	return pub, nil
}
