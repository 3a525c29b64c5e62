package model

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/infer/kv"
)

// Layer is one block of the network; it changes p.X in place.
type Layer interface {
	Forward(p *Pass)
}

// Model is a network whose tensors were found and whose shapes were proven.
type Model struct {
	Shape
	Embedding *accel.Weight // (vocab, embd), gathered
	layers    []Layer
	norm      []float32     // (embd)
	output    *accel.Weight // (vocab, embd)
}

// architectures maps general.architecture to its declaration.
var architectures = map[string]func(*Declaration) *Model{
	"llama": llama,
	"qwen2": qwen2,
	"qwen3": qwen3,
}

// Architectures lists the names that New accepts.
func Architectures() []string { return slices.Sorted(maps.Keys(architectures)) }

// New declares the tensors of the file's architecture.
func New(d *Declaration) (*Model, error) {
	arch := d.File.Architecture()
	declare, ok := architectures[arch]
	if !ok {
		return nil, fmt.Errorf("model: architecture %q is %w (supported: %v)", arch, ErrUnsupported, Architectures())
	}
	m := declare(d)
	return m, d.err
}

// Pass is one run of tokens through the network: the backend, the cache and
// the activations. Rows of the tensors are tokens at positions Pos, Pos+1, …
type Pass struct {
	accel.Backend
	KV  *kv.Cache
	Pos int
	N   int // tokens
	l   int // layer in hand

	x     accel.Tensor // (tokens, embd): the residual stream
	h     accel.Tensor // (tokens, embd): a normalised input, or a block's output
	q     accel.Tensor // (tokens, heads*dk)
	k     accel.Tensor // (tokens, kv heads*dk)
	v     accel.Tensor // (tokens, kv heads*dv)
	a     accel.Tensor // (tokens, heads*dv)
	gate  accel.Tensor // (tokens, ffn)
	up    accel.Tensor // (tokens, ffn)
	logit accel.Tensor // (outputs, vocab)
}

// NewPass allocates the activations of up to tokens tokens a run and outputs
// rows of logits.
func NewPass(b accel.Backend, cache *kv.Cache, s Shape, tokens, outputs int) (*Pass, error) {
	p := &Pass{Backend: b, KV: cache}
	for _, t := range s.activations(p, tokens, outputs) {
		var err error
		if *t.tensor, err = b.Alloc(t.rows, t.cols); err != nil {
			return nil, err
		}
	}
	return p, nil
}

type activation struct {
	tensor     *accel.Tensor
	rows, cols int
}

func (s *Shape) activations(p *Pass, tokens, outputs int) []activation {
	return []activation{
		{&p.x, tokens, s.Embd},
		{&p.h, tokens, s.Embd},
		{&p.q, tokens, s.Heads * s.DK},
		{&p.k, tokens, s.KVHeads * s.DK},
		{&p.v, tokens, s.KVHeads * s.DV},
		{&p.a, tokens, s.Heads * s.DV},
		{&p.gate, tokens, s.FFN},
		{&p.up, tokens, s.FFN},
		{&p.logit, outputs, s.Vocab},
	}
}

// ScratchBytes is what NewPass allocates.
func (s *Shape) ScratchBytes(tokens, outputs int) int64 {
	n := int64(0)
	for _, t := range s.activations(new(Pass), tokens, outputs) {
		n += int64(t.rows) * int64(t.cols) * 4
	}
	return n
}

// Capacity is how many tokens a run may hold.
func (p *Pass) Capacity() int { return p.x.Rows }

// X returns the residual stream of the tokens of the run; the caller fills it
// with embeddings before Forward.
func (p *Pass) X() accel.Tensor { return p.x.Top(p.N) }

// Forward runs p.N tokens at p.Pos through every layer. It stops between two
// layers when ctx is cancelled.
func (m *Model) Forward(ctx context.Context, p *Pass) error {
	for l, layer := range m.layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.l = l
		layer.Forward(p)
		if err := p.Sync(); err != nil {
			return err
		}
	}
	return nil
}

// Logits projects rows [from, to) of the run onto the vocabulary. The result
// is overwritten by the next call.
func (m *Model) Logits(p *Pass, from, to int) (accel.Tensor, error) {
	h := p.h.Top(to - from)
	p.RMSNorm(h, p.x.Slice(from, to), m.norm, m.Eps)
	out := p.logit.Top(to - from)
	p.MatMul(out, m.output, h)
	return out, p.Sync()
}

// Outputs is how many rows Logits can give at once.
func (p *Pass) Outputs() int { return p.logit.Rows }
