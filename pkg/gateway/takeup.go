package gateway

// takeUp goes on with the streams that an earlier run left in the store. What no
// stream can have put there is left alone: somebody may have named a directory by
// mistake.
func (g *Gateway) takeUp() error {
	found, err := g.registry.Recover()
	if err != nil {
		return err
	}
	if found.Streams > 0 {
		g.log.Info().Int("streams", found.Streams).Int("segments", found.Segments).Msg("an earlier run left streams: they go on")
	}
	if found.Left > 0 {
		g.log.Info().Int("segments", found.Left).Msg("an earlier run left segments of no stream that goes on: they will be removed")
	}
	if found.Torn > 0 {
		g.log.Warn().Int("segments", found.Torn).Msg("segments that are not whole are removed")
	}
	if found.Foreign > 0 {
		g.log.Warn().Int("files", found.Foreign).Str("path", g.config.Store.Path).Msg("the store holds files that are not segments: they stay")
	}
	return nil
}
