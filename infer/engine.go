package infer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cuda"
	"github.com/runnel-chat/runnel/infer/token"
	"github.com/runnel-chat/runnel/prefetch"
)

// Engine is an open model. It answers one request at a time; its methods are
// safe for concurrent use.
type Engine struct {
	info    Info
	tokens  *token.Tokenizer
	chat    conversation
	backend accel.Backend
	device  *cuda.Backend   // nil: none is used
	unused  string          // why
	layers  int             // of the model that belong on the device
	placed  []*accel.Weight // their weights, but for experts
	told    bool            // that the device was lost; of the answer in hand
	store   *prefetch.Store
	ledger  *prefetch.Ledger
	memory  *memory
	session *session
	files   *prefetch.Files
	passing int64 // bytes of the ledger for what passes through the page cache
	count   counters

	cacheDir  string
	speculate string    // auto, on or off
	opened    time.Time // when Open began
	loadTime  time.Duration
	scratch   int64
	demand    demand
	known     speed // of earlier runs, as Open found it

	ctx      context.Context // ends with Close
	close    context.CancelFunc
	busy     atomic.Bool
	replaced bool           // the user was told of it
	work     sync.WaitGroup // the answer, or the draft, in hand

	mu     sync.Mutex
	closed bool
	draft  *draft  // being read ahead
	held   []int32 // the tokens in the cache after the last piece of work
	ready  bool    // and the logits after them are known
}

// Info returns what does not change while the engine is open.
func (e *Engine) Info() Info { return e.info }

// Tokenizer returns the model's tokenizer.
func (e *Engine) Tokenizer() *token.Tokenizer { return e.tokens }

// Stats returns a look at the engine; it never waits.
func (e *Engine) Stats() Stats {
	s := Stats{
		At:           time.Now(),
		ContextSize:  e.info.Context,
		ScratchBytes: e.scratch,
		LoadTime:     e.loadTime,
		Backend:      e.backend.Name(),
		ISA:          e.backend.ISA(),
		Threads:      e.backend.Threads(),
		Cache:        e.store.Stats(),
		GPU:          e.gpu(),
	}
	e.count.fill(&s)
	s.WeightBytes = s.Cache.WeightBytes
	s.BudgetBytes = s.Cache.BudgetBytes
	return s
}

// begin claims the session for one piece of work. The returned context ends
// with ctx or with the engine; done gives the session back.
func (e *Engine) begin(ctx context.Context) (_ context.Context, done func(), err error) {
	ctx, done, err = e.reserve(ctx)
	if err == nil {
		e.claim(ctx, nil)
	}
	return ctx, done, err
}

// reserve is begin before the wait for a draft to let go of the session.
func (e *Engine) reserve(ctx context.Context) (_ context.Context, done func(), err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, nil, ErrClosed
	}
	if !e.busy.CompareAndSwap(false, true) {
		return nil, nil, ErrBusy
	}
	e.work.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(e.ctx, cancel)
	e.count.begin()
	return ctx, func() {
		e.count.enter(Idle)
		e.claim(ctx, nil) // where the work failed before it came to that
		e.look()
		unhook()
		cancel()
		e.busy.Store(false)
		e.work.Done()
	}, nil
}

// look takes down what the session holds, for those who do not own it.
func (e *Engine) look() {
	s := e.session
	e.count.cache(s.cache.Len(), s.cache.Bytes())
	e.mu.Lock()
	e.held, e.ready = append(e.held[:0], s.ids...), s.ready.Values != nil
	e.mu.Unlock()
}

// Logits evaluates ids as one prompt from an empty cache and calls row with
// the logits after each of them. The slice is only valid during the call.
func (e *Engine) Logits(ctx context.Context, ids []int32, row func(pos int, logits []float32) error) error {
	ctx, done, err := e.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if len(ids) > e.info.Context {
		return fmt.Errorf("%w: %d tokens, context %d", ErrPromptTooLong, len(ids), e.info.Context)
	}
	e.count.enter(Prefill)
	return e.session.each(ctx, ids, row)
}

// Close stops the answer in progress, waits for it and gives all memory back.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	e.mu.Unlock()
	e.close()
	e.work.Wait()
	e.keepSpeed()
	return e.release()
}

// release frees what Open took, in the reverse order.
func (e *Engine) release() error {
	var err error
	if e.session != nil && e.session.cache != nil {
		e.session.cache.Close()
	}
	if e.store != nil {
		err = e.store.Close()
	}
	if e.backend != nil {
		err = first(err, e.backend.Close())
	}
	if e.memory != nil {
		e.memory.Close()
	}
	return err
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
