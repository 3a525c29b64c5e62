package infer

import "github.com/runnel-chat/runnel/prefetch"

// SetMemory changes the budget of an open engine, also while it answers: the
// weights beyond it leave memory within the pass and are streamed from then
// on, or come back. Answers are the same. It fails with ErrDoesNotFit, and
// changes nothing, when what remains would not hold the least that a pass
// needs.
func (e *Engine) SetMemory(bytes int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	if err := e.store.Resize(bytes); err != nil {
		return err
	}
	if e.store.Stats().StreamedBytes > 0 && e.files.Kind() == prefetch.SourceCached {
		e.files.Use(prefetch.ProfileOf(e.info.Path, e.cacheDir, false).Kind())
	}
	return nil
}

// LayerMap says where the bytes of a layer are.
type LayerMap = prefetch.LayerMap

// WeightMap appends where the weights of each layer are.
func (e *Engine) WeightMap(m []LayerMap) []LayerMap { return e.store.Map(m) }
