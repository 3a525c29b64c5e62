package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/tidwall/gjson"

	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
)

// How a server is treated that does not answer as it should.
const (
	mostTries  = 3                      // of a request that failed before its first token
	firstWait  = 500 * time.Millisecond // before the second; then twice as long
	patience   = 10 * time.Second       // the longest wait that a server may ask for
	mostAnswer = 64 << 20               // bytes of an answer
)

// silence is how long a server may pause once the answer has begun. Before
// that there is no limit: a prompt can be long and the queue as well.
var silence = 2 * time.Minute

// Engine is a model of a server. It answers one request at a time; its methods
// are safe for concurrent use.
type Engine struct {
	client *client
	model  Model
	meter  meter

	ctx   context.Context // ends with Close
	close context.CancelFunc
	busy  atomic.Bool
	mu    sync.Mutex // of closed, before work
	ended bool
	work  sync.WaitGroup
}

// Open asks the server for a model; "" is the only one that it has.
func (s Server) Open(ctx context.Context, model string) (*Engine, error) {
	c, err := s.client()
	if err != nil {
		return nil, err
	}
	m, err := c.choose(ctx, model)
	if err != nil {
		c.close()
		return nil, err
	}
	e := &Engine{client: c, model: m}
	e.meter.context(m.Context)
	e.ctx, e.close = context.WithCancel(context.Background())
	return e, nil
}

// Info says what is known of the model.
func (e *Engine) Info() infer.Info {
	return infer.Info{
		Path: e.client.server.Address(e.model.ID), Name: e.model.ID, Arch: "on " + e.client.server.Label(),
		Context: e.model.Context, ContextTrain: e.model.Context, Template: "the server's",
	}
}

// Stats returns a look at the engine; it never waits. What only the server
// knows is 0.
func (e *Engine) Stats() infer.Stats { return e.meter.look() }

// Close ends the answer in progress, waits for it and closes the connections.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.ended = true
	e.mu.Unlock()
	e.close()
	e.work.Wait()
	e.client.close()
	return nil
}

// Generate answers a conversation. Of the request's options it passes on those
// that every server knows: temperature, top_p, seed, stop strings and the
// longest answer.
func (e *Engine) Generate(ctx context.Context, msgs []chat.Message, r infer.Request) *infer.Stream {
	s := infer.NewStream()
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.ended:
		s.Finish(infer.Failed, infer.ErrClosed)
		return s
	case !e.busy.CompareAndSwap(false, true):
		s.Finish(infer.Failed, infer.ErrBusy)
		return s
	}
	ctx, cancel := context.WithCancelCause(ctx)
	unhook := context.AfterFunc(e.ctx, func() { cancel(context.Canceled) })
	e.meter.ask()
	e.work.Add(1)
	go func() {
		defer e.work.Done()
		a := answer{e: e, s: s, text: infer.NewSplitter(s), cancel: cancel}
		reason, err := a.run(ctx, e.params(msgs, r))
		a.text.Flush()
		if errors.Is(context.Cause(ctx), context.Canceled) {
			reason, err = infer.Cancelled, nil
		}
		err = e.client.plain(ctx, err, e.model.ID)
		unhook()
		cancel(nil)
		e.meter.end()
		e.busy.Store(false)
		s.Finish(reason, err)
	}()
	return s
}

// params is the request as the protocol has it.
func (e *Engine) params(msgs []chat.Message, r infer.Request) openai.ChatCompletionNewParams {
	p := openai.ChatCompletionNewParams{
		Model:         e.model.ID,
		Temperature:   param.NewOpt(float64(r.Sample.Temperature)),
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: param.NewOpt(true)},
	}
	if r.Sample.TopP > 0 {
		p.TopP = param.NewOpt(float64(r.Sample.TopP))
	}
	if r.MaxTokens > 0 {
		p.MaxTokens = param.NewOpt(int64(r.MaxTokens))
	}
	if seed := r.Sample.Seed; seed != 0 {
		p.Seed = param.NewOpt(int64(seed >> 33)) // servers differ in how wide theirs is
	}
	if len(r.Stop) > 0 {
		p.Stop = openai.ChatCompletionNewParamsStopUnion{OfStringArray: r.Stop}
	}
	for _, m := range msgs {
		switch m.Role {
		case "system":
			p.Messages = append(p.Messages, openai.SystemMessage(m.Content))
		case "assistant":
			p.Messages = append(p.Messages, openai.AssistantMessage(m.Content))
		default:
			p.Messages = append(p.Messages, openai.UserMessage(m.Content))
		}
	}
	return p
}

// answer is one reply on its way.
type answer struct {
	e      *Engine
	s      *infer.Stream
	text   infer.Splitter
	cancel context.CancelCauseFunc
	bytes  int    // received so far
	ended  string // why the server says that it is over; "" while it is not
}

// run asks, and asks again while nothing has come.
func (a *answer) run(ctx context.Context, p openai.ChatCompletionNewParams) (infer.Reason, error) {
	for try := 0; ; try++ {
		err := a.receive(ctx, p)
		if err == nil {
			return reasonOf(a.ended), nil
		}
		wait, ok := again(err, try)
		if !ok || a.bytes > 0 || ctx.Err() != nil {
			return infer.Failed, err
		}
		words := strings.TrimPrefix(a.e.client.plain(ctx, err, a.e.model.ID).Error(), "remote: ")
		a.s.Notify(fmt.Sprintf("%s; trying again in %.1f s", words, wait.Seconds()))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return infer.Failed, ctx.Err()
		}
	}
}

// receive makes one request and hands its text on as it comes.
func (a *answer) receive(ctx context.Context, p openai.ChatCompletionNewParams) error {
	service := openai.NewChatCompletionService(a.e.client.opts...)
	stream := service.NewStreaming(ctx, p)
	defer stream.Close()
	watch := time.AfterFunc(time.Hour, func() { a.cancel(errSilent) })
	watch.Stop()
	defer watch.Stop()
	for stream.Next() {
		chunk := stream.Current()
		if chunk.Usage.TotalTokens > 0 {
			a.e.meter.usage(chunk.Usage)
		}
		for _, c := range chunk.Choices {
			a.put(c.Delta)
			if c.FinishReason != "" {
				a.ended = c.FinishReason
			}
		}
		if a.bytes > mostAnswer {
			return errFlood
		}
		if a.bytes > 0 {
			watch.Reset(silence)
		}
	}
	switch {
	case stream.Err() != nil && a.ended == "":
		return stream.Err()
	case a.ended == "":
		return errBroken
	}
	return nil // what follows the end of the answer can break and harm nobody
}

// put takes a piece of the answer. Servers have two names for thinking; others
// leave it in the text, between its marks.
func (a *answer) put(d openai.ChatCompletionChunkChoiceDelta) {
	thinking := ""
	for _, name := range []string{"reasoning_content", "reasoning"} {
		if f, ok := d.JSON.ExtraFields[name]; ok && thinking == "" {
			thinking = gjson.Parse(f.Raw()).String()
		}
	}
	text := d.Content + d.Refusal
	if n := len(text) + len(thinking); n > 0 {
		a.bytes += n
		a.e.meter.token()
		a.text.Append(text, thinking)
	}
}

func reasonOf(finish string) infer.Reason {
	if finish == "length" {
		return infer.TokenLimit
	}
	return infer.EndOfTurn
}
