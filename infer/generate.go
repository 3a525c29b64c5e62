package infer

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/runnel-chat/runnel/infer/chat"
	"github.com/runnel-chat/runnel/infer/sample"
)

// Generate answers a conversation. The stream ends when the model ends its
// turn, a limit is reached, ctx is cancelled or something fails; text made
// before that stays.
func (e *Engine) Generate(ctx context.Context, msgs []chat.Message, r Request) *Stream {
	return e.start(ctx, r, func(s *Stream) (prompt, error) {
		p, leftOut, err := e.fit(msgs, r, s.Notify)
		if leftOut > 0 {
			s.LeaveOut(leftOut)
		}
		return p, err
	})
}

// Complete continues plain text, without a chat template. Control tokens
// spelled in the text count as such: it is the caller's own.
func (e *Engine) Complete(ctx context.Context, text string, r Request) *Stream {
	return e.start(ctx, r, func(*Stream) (prompt, error) {
		return plainPrompt(e.tokens, text), nil
	})
}

func (e *Engine) start(ctx context.Context, r Request, ask func(*Stream) (prompt, error)) *Stream {
	s := NewStream()
	asked := time.Now()
	ctx, done, err := e.reserve(ctx)
	if err != nil {
		s.Finish(Failed, err)
		return s
	}
	go func() {
		reason, err := Failed, error(nil)
		// The session is free again before the stream says so: whoever sees
		// Done may ask at once.
		defer func() { s.Finish(reason, err) }()
		defer done()
		defer func() {
			if v := recover(); v != nil {
				reason, err = Failed, internalError(v)
			}
		}()
		e.count.enter(Prefill)
		p, err2 := ask(s)
		e.claim(ctx, p.ids)
		if err = err2; err != nil {
			return
		}
		defer e.watch(s)
		e.watch(s)
		a := answer{e: e, s: s, r: r, asked: asked}
		reason, err = a.run(ctx, p)
	}()
	return s
}

// InternalError is a bug of ours that was caught before it could end the
// program. The engine that it came from should be closed.
type InternalError struct {
	Value any
	Stack []byte
}

func internalError(v any) error { return &InternalError{Value: v, Stack: debug.Stack()} }

func (e *InternalError) Error() string {
	line, _, _ := strings.Cut(fmt.Sprint(e.Value), "\n")
	return "infer: internal error: " + line
}

// watch tells once when the path of the model leads to another file, or to
// none. The open one is still there and answers come from it.
func (e *Engine) watch(s *Stream) {
	if e.files != nil && !e.replaced && e.files.Replaced() {
		e.replaced = true
		s.Notify("the model file was replaced or removed on disk; answers still come from the one that was opened")
	}
}

// answer is one reply in the making.
type answer struct {
	e     *Engine
	s     *Stream
	r     Request
	asked time.Time
	text  *writer
}

func (a *answer) run(ctx context.Context, p prompt) (Reason, error) {
	e := a.e
	switch n, room := len(p.ids), e.info.Context; {
	case n == 0:
		return Failed, ErrEmptyPrompt
	case n >= room:
		return Failed, fmt.Errorf("%w: %d tokens, context %d", ErrPromptTooLong, n, room)
	}
	a.text = newWriter(a.s, a.r.Stop, p)
	reason, err := a.decode(ctx, p.ids)
	a.text.flush()
	if err != nil && errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return Cancelled, nil
	}
	return reason, err
}

// decode reads the prompt, then draws and reads tokens one by one.
func (a *answer) decode(ctx context.Context, ids []int32) (Reason, error) {
	e := a.e
	draw := sample.New(e.info.Vocab, a.r.Sample)
	for _, id := range ids {
		draw.Accept(id)
	}
	e.session.best = draw.Best()
	logits, err := e.session.sync(ctx, ids)
	if err != nil {
		return Failed, err
	}
	a.watchDevice()
	e.count.enter(Decode)
	ahead := lookahead{s: e.session}
	if e.speculates() {
		ahead.guess = newGuesser(ids)
	}
	for n := 1; ; n++ {
		start := time.Now()
		id, err := draw.Next(logits)
		if err != nil {
			return Failed, err
		}
		if n == 1 {
			e.count.timeToFirst.Store(int64(time.Since(a.asked)))
		}
		if e.tokens.IsEOG(id) {
			return EndOfTurn, nil
		}
		draw.Accept(id)
		e.count.answerTokens.Store(int64(n))
		if a.text.token(e.tokens, id) {
			return StopString, nil
		}
		if n == a.r.MaxTokens {
			return TokenLimit, nil
		}
		if ahead.len() == e.info.Context {
			return ContextFull, nil
		}
		if logits, err = ahead.step(ctx, id); err != nil {
			return Failed, err
		}
		a.watchDevice()
		e.count.decoded(time.Since(start))
		e.count.cache(ahead.len(), e.session.cache.Bytes())
	}
}

// watchDevice tells the user, once an engine, that the device was lost.
func (a *answer) watchDevice() {
	if e := a.e; e.device != nil && !e.told && e.device.Lost() != "" {
		e.told = true
		a.s.Notify(e.lostNotice())
	}
}

// speculates tells whether passes should compute guessed tokens as well:
// where weights stream, they cost nothing. Experts are another matter: every
// token wants others, so a longer pass reads more.
func (e *Engine) speculates() bool {
	switch e.speculate {
	case "on":
		return true
	case "off":
		return false
	}
	c := e.store.Stats()
	return c.StreamedBytes > 0 && c.CacheBytes == 0
}
