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
	if e.files == nil || e.files.Kind() != prefetch.SourceCached {
		return nil
	}
	switch st := e.store.Stats(); {
	case st.StreamedBytes > 0 || st.CacheBytes > 0:
		makeRoomForReaders()
		e.read(prefetch.ProfileOf(e.info.Path, e.cacheDir, false).Kind())
	case st.UsedBytes+e.info.FileBytes > bytes: // not twice
		e.read(prefetch.SourceDontCache)
	}
	return nil
}

// LayerMap says where the bytes of a layer are.
type LayerMap = prefetch.LayerMap

// WeightMap appends where the weights of each layer are.
func (e *Engine) WeightMap(m []LayerMap) []LayerMap { return e.store.Map(m) }
