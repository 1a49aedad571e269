package gateway

import (
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/config"
	"sluice/pkg/store"
)

// NewOn returns a Gateway like New, with something between it and the disk.
func NewOn(cfg config.Config, log zerolog.Logger, between func(store.Store) store.Store) (*Gateway, error) {
	return build(&Gateway{config: cfg, log: log, tls: secure{look: 20 * time.Millisecond}, openDisk: func(c config.Config) (store.Store, error) {
		disk, err := openDisk(c)
		if err != nil {
			return nil, err
		}
		return between(disk), nil
	}})
}
