package infer

import (
	"context"
	"slices"

	"github.com/runnel-chat/runnel/infer/chat"
)

// draft is a prompt that is read before it is asked for. It gives the session
// up as soon as an answer needs it.
type draft struct {
	ids    []int32
	cancel context.CancelFunc
	done   chan struct{} // closed when the session is free
}

// ReadAhead computes the prompt of a conversation that is still being
// written, so that Generate finds it done: with the same messages, the first
// token costs no pass at all. A changed text costs what has changed. Nothing
// is committed: answers are the same with and without it.
//
// It returns when all is read. One draft is read at a time; a second call
// waits for the first, whose context says how long that is worth it. While an
// answer is being made it fails with ErrBusy, and an answer that begins ends
// it, unless all that it reads is wanted.
func (e *Engine) ReadAhead(ctx context.Context, msgs []chat.Message, r Request) (err error) {
	p, _, err := e.fit(msgs, r, func(string) {})
	if err != nil {
		return err
	}
	switch n := len(p.ids); {
	case n == 0:
		return ErrEmptyPrompt
	case n >= e.info.Context:
		return ErrPromptTooLong
	}
	ctx, d, err := e.beginDraft(ctx, p.ids)
	if err != nil {
		return err
	}
	defer e.endDraft(d)
	defer caught(&err)
	return e.session.ahead(ctx, p.ids)
}

func (e *Engine) beginDraft(ctx context.Context, ids []int32) (context.Context, *draft, error) {
	for {
		e.mu.Lock()
		before := e.draft
		switch {
		case e.closed:
			e.mu.Unlock()
			return nil, nil, ErrClosed
		case e.busy.Load():
			e.mu.Unlock()
			return nil, nil, ErrBusy
		case before == nil:
			d := &draft{ids: ids, done: make(chan struct{})}
			ctx, cancel := context.WithCancel(ctx)
			unhook := context.AfterFunc(e.ctx, cancel)
			d.cancel = func() { unhook(); cancel() }
			e.draft = d
			e.work.Add(1)
			e.mu.Unlock()
			return ctx, d, nil
		}
		e.mu.Unlock()
		select {
		case <-before.done:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

func (e *Engine) endDraft(d *draft) {
	d.cancel()
	e.look()
	e.mu.Lock()
	e.draft = nil
	e.mu.Unlock()
	close(d.done)
	e.work.Done()
}

// claim waits until no draft has the session; the caller has begun, so that
// no other follows. A draft that is all part of ids goes on to its end: its
// pass is one that the caller need not make.
func (e *Engine) claim(ctx context.Context, ids []int32) {
	e.mu.Lock()
	d := e.draft
	e.mu.Unlock()
	if d == nil {
		return
	}
	if shared(d.ids, ids) < len(d.ids) {
		d.cancel()
	}
	defer context.AfterFunc(ctx, d.cancel)()
	<-d.done
}

// ahead makes the cache hold want, like sync, but so that whatever the draft
// becomes, the next prompt finds what was there before it: where the cache
// can only go back to some places, the mark stays where the draft began.
func (s *session) ahead(ctx context.Context, want []int32) error {
	if slices.Equal(s.ids, want) && s.ready.Values != nil {
		return nil
	}
	s.truncate(min(shared(s.ids, want), len(want)-1))
	if !s.drafting || len(s.ids) < s.base {
		s.drafting, s.base = true, len(s.ids)
		s.cache.Mark()
	}
	s.best = 0 // what an answer will need is not known
	for len(s.ids) < len(want) {
		logits, err := s.prefill(ctx, want, s.count.readAhead)
		if err != nil {
			return err
		}
		s.ready = logits
	}
	return nil
}

// caught turns a panic, which is a bug of ours, into an error.
func caught(err *error) {
	if v := recover(); v != nil {
		*err = internalError(v)
	}
}
