package model

import (
	"context"

	"github.com/runnel-chat/runnel/accel"
)

// Layer is one block of the network; it changes the residual stream in place.
type Layer interface {
	Forward(p *Pass)
}

// Model is a network whose tensors were found and whose shapes were proven.
type Model struct {
	Shape
	Tables []Table // what a pass begins with, looked up by whoever runs it

	start  func(p *Pass) // turns what was looked up into the stream; nil: it is
	layers []Layer
	norm   norm
	output *accel.Weight // (vocab, embd)
	bias   []float32     // (vocab)
	scale  float32       // of the logits; 0: 1
	cap    float32       // of the logits; 0: none
}

// Table is a matrix whose rows are looked up.
type Table struct {
	*accel.Weight
	ByPosition bool // row by position; else by token
	slot       slot
}

// Forward runs p.N tokens at p.Pos through every layer. It stops between two
// layers when ctx is cancelled.
func (m *Model) Forward(ctx context.Context, p *Pass) error {
	if m.start != nil {
		m.start(p)
	}
	for _, layer := range m.layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		layer.Forward(p)
		if err := p.Sync(); err != nil {
			return err
		}
	}
	return nil
}

// Logits projects rows [from, to) of the run onto the vocabulary and waits for
// them. The result is overwritten by the next call.
func (m *Model) Logits(p *Pass, from, to int) (accel.Tensor, error) {
	out := m.project(p, from, to)
	p.Fetch(out)
	return out, p.Sync()
}

// Best projects row t and waits for its k best logits and their tokens, or for
// all of them where ids is nil, as with k = 0.
func (m *Model) Best(p *Pass, t, k int) (ids []int32, logits []float32, err error) {
	out := m.project(p, t, t+1)
	if ids, logits = p.Best(out, k); ids == nil {
		logits = out.Row(0)
		p.Fetch(out)
	}
	return ids, logits, p.Sync()
}

func (m *Model) project(p *Pass, from, to int) accel.Tensor {
	h := p.view(slotH, to-from, m.Embd)
	out := p.logits.Top(to - from)
	m.norm.forward(p, h, p.X().Slice(from, to))
	p.MatMul(out, m.output, h)
	if m.bias != nil {
		p.AddBias(out, m.bias)
	}
	if m.scale != 0 {
		p.Scale(out, m.scale)
	}
	if m.cap != 0 {
		p.SoftCap(out, m.cap)
	}
	return out
}
