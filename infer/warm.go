package infer

import (
	"context"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/prefetch"
)

// Warm begins to bring the weights that belong to a GPU there, so that the first
// prompt need not: while somebody types it, say. It returns at once; an answer
// waits for the rest. Without a GPU there is nothing to do: what stays in memory
// is read from Open on. Nor is there where weights stream, for those come in the
// order of a pass.
func (e *Engine) Warm() {
	if len(e.placed) == 0 || e.store.Stats().StreamedBytes > 0 {
		return
	}
	ctx, d, err := e.beginDraft(e.ctx, nil)
	if err != nil {
		return // an answer is being made, which does as well, or the engine closed
	}
	go func() {
		defer e.endDraft(d)
		// What goes wrong here goes wrong in the answer too, which tells it.
		_ = e.session.warm(ctx, e.placed, e.device.Load)
	}()
}

// warm is a pass that computes nothing.
func (s *session) warm(ctx context.Context, ws []*accel.Weight, load func(w *accel.Weight)) (err error) {
	defer caught(&err)
	if err := s.begin(ctx, prefetch.PassPrefill); err != nil {
		return err
	}
	for _, w := range ws {
		if err = ctx.Err(); err != nil {
			break
		}
		load(w)
		if err = s.pass.Sync(); err != nil {
			break
		}
	}
	return s.end(0, err)
}
