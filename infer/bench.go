package infer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
	"unsafe"

	"github.com/runnel-chat/runnel/accel/cpu"
	"github.com/runnel-chat/runnel/infer/sample"
	"github.com/runnel-chat/runnel/prefetch"
)

// BenchOptions says what to measure.
type BenchOptions struct {
	Prompt   int // tokens of the prompt; 0: do not measure prefill
	Generate int // tokens generated after it; 0: do not measure decode
	Depth    int // tokens already in the context before either
	Reps     int
}

// BenchResult holds tokens a second, one value a repetition.
type BenchResult struct {
	PromptTPS []float64
	DecodeTPS []float64
}

// Bench measures prefill and decode on random tokens, sampling left out, as
// the field's bench tools do. The first repetition of each is preceded by an
// uncounted one, so that the weights are resident if they can be.
func (e *Engine) Bench(ctx context.Context, o BenchOptions) (BenchResult, error) {
	var r BenchResult
	if need := o.Depth + max(o.Prompt, o.Generate+1); need > e.info.Context {
		return r, fmt.Errorf("%w: the measurement needs %d tokens, context %d", ErrPromptTooLong, need, e.info.Context)
	}
	ctx, done, err := e.begin(ctx)
	if err != nil {
		return r, err
	}
	defer done()
	e.session.best = sample.Default().TopK // as an answer would
	rng := rand.New(rand.NewPCG(1, 2))
	ids := make([]int32, o.Depth+max(o.Prompt, 1))
	for i := range ids {
		ids[i] = rng.Int32N(int32(e.info.Vocab))
	}
	for rep := range o.Reps + 1 {
		if o.Prompt > 0 {
			d, err := e.benchPrompt(ctx, ids, o)
			if err != nil {
				return r, err
			}
			if rep > 0 {
				r.PromptTPS = append(r.PromptTPS, float64(o.Prompt)/d.Seconds())
			}
		}
		if o.Generate > 0 {
			d, err := e.benchDecode(ctx, ids, o)
			if err != nil {
				return r, err
			}
			if rep > 0 {
				r.DecodeTPS = append(r.DecodeTPS, float64(o.Generate)/d.Seconds())
			}
		}
	}
	return r, nil
}

// FirstToken computes a prompt of one token and returns the time since Open
// began: what a user waits for a model that was just named, the reading of
// all its weights included.
func (e *Engine) FirstToken(ctx context.Context) (time.Duration, error) {
	ctx, done, err := e.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	e.count.enter(Prefill)
	e.session.truncate(0)
	_, err = e.session.sync(ctx, []int32{0})
	return time.Since(e.opened), err
}

// DeviceBandwidth measures how fast the memory of the GPU is copied, in bytes a
// second, reads and writes together; 0: none is used.
func (e *Engine) DeviceBandwidth(ctx context.Context) (float64, error) {
	_, done, err := e.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	if e.device == nil {
		return 0, nil
	}
	return e.device.CopyRate(), nil
}

// bandwidthBytes is what MemoryBandwidth reads: far more than any cache.
const bandwidthBytes = 512 << 20

// MemoryBandwidth measures how fast this machine's memory is read by so many
// threads (0: one a core), in bytes a second. Decoding a resident dense model
// cannot be faster than that over the bytes of its weights.
func MemoryBandwidth(threads int) (float64, error) {
	arena, err := prefetch.NewLedger(bandwidthBytes).Alloc(bandwidthBytes)
	if err != nil {
		return 0, err
	}
	defer arena.Free()
	b := arena.Bytes()
	x := unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4)
	for i := 0; i < len(x); i += 1024 { // a page that was never written is not in memory
		x[i] = 1
	}
	return cpu.ReadBandwidth(Options{Threads: threads}.threads(), x, 3), nil
}

// benchPrompt times o.Prompt tokens after o.Depth others.
func (e *Engine) benchPrompt(ctx context.Context, ids []int32, o BenchOptions) (time.Duration, error) {
	s := e.session
	e.count.enter(Prefill)
	if err := e.deepen(ctx, ids[:o.Depth]); err != nil {
		return 0, err
	}
	start := time.Now()
	_, err := s.sync(ctx, ids[:o.Depth+o.Prompt])
	return time.Since(start), err
}

// benchDecode times o.Generate single tokens after o.Depth others.
func (e *Engine) benchDecode(ctx context.Context, ids []int32, o BenchOptions) (time.Duration, error) {
	s := e.session
	if err := e.deepen(ctx, ids[:o.Depth]); err != nil {
		return 0, err
	}
	e.count.enter(Decode)
	if _, err := s.step(ctx, ids[0]); err != nil { // warms what a decode needs
		return 0, err
	}
	start := time.Now()
	for i := range o.Generate {
		at := time.Now()
		if _, err := s.step(ctx, ids[i%len(ids)]); err != nil {
			return 0, err
		}
		e.count.decoded(time.Since(at))
	}
	return time.Since(start), nil
}

// deepen makes the cache hold exactly ids.
func (e *Engine) deepen(ctx context.Context, ids []int32) error {
	if len(ids) == 0 {
		e.session.truncate(0)
		return nil
	}
	_, err := e.session.sync(ctx, ids)
	return err
}
