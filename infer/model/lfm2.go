package model

import (
	"fmt"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/infer/kv"
)

// lfm2 is LFM2 (arXiv 2511.23404), lfm2moe included: most layers mix their
// tokens by a short convolution between two gates, the others by attention
// with norms of its heads. A layer without KV heads is a convolution. The norm
// after the last layer is stored as that of the embeddings.
func lfm2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	kvHeads := d.perLayer("attention.head_count_kv", s.Layers, 0, 1<<16)
	kernel := d.Uint("shortconv.l_cache", 2, 64)
	window := d.UintOr("attention.sliding_window", 0, 0, 1<<31)
	dense := s.Layers
	if d.File.Has(d.key("expert_count")) {
		dense = d.UintOr("leading_dense_block_count", 0, 0, uint64(s.Layers))
	}
	rope := d.rope(s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		layer := residual{{pre: d.rms("attn_norm", s)}, {}}
		if kvHeads[l] == 0 {
			layer[0].block = d.shortConv(s, kernel)
		} else {
			s.KVHeads = kvHeads[l]
			attn := d.attention(s, rope)
			d.headNorms(attn)
			d.window(attn, window)
			layer[0].block = attn
		}
		layer[1].pre = d.rms("ffn_norm", s)
		if l < dense {
			layer[1].block = d.gatedFFN(s, accel.SiLU)
		} else {
			ffn := d.sharedMixture(s, sigmoid, 0)
			ffn.routing.Normalise = true
			layer[1].block = ffn
		}
		return layer
	})
	if d.Has("token_embd_norm.weight") {
		d.output(m, d.rms("token_embd_norm", s))
	} else {
		d.output(m, d.rms("output_norm", s))
	}
	return m
}

// shortConv is out·(c * conv(b * x)), b, c and x being projections of the
// input. It keeps the last kernel-1 values of b * x.
type shortConv struct {
	b, c, x *accel.Weight // (embd, embd)
	conv    []float32     // (embd, kernel)
	out     *accel.Weight // (embd, embd)
	layer   int
	state   int // values kept
}

func (d *Declaration) shortConv(s *Shape, kernel int) *shortConv {
	if d.Has("shortconv.conv.bias") {
		d.fail(fmt.Errorf("model: convolutions with a bias are %w", ErrUnsupported))
	}
	part := func(i int) *accel.Weight {
		return d.Part("shortconv.in_proj.weight", i*s.Embd, s.Embd, 3*s.Embd, s.Embd)
	}
	w := &shortConv{
		b: part(0), c: part(1), x: part(2),
		conv:  d.read("shortconv.conv.weight", int64(kernel), int64(s.Embd)),
		out:   d.Matrix("shortconv.out_proj.weight", s.Embd, s.Embd),
		layer: d.layer, state: (kernel - 1) * s.Embd,
	}
	for _, slot := range []slot{slotQ, slotA, slotA2, slotIn} {
		d.room(slot, s.Embd)
	}
	d.keep(kv.Layer{State: w.state})
	return w
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *shortConv) forward(p *Pass, h accel.Tensor) {
	b, c := p.view(slotQ, h.Rows, h.Cols), p.view(slotA, h.Rows, h.Cols)
	x, y := p.view(slotA2, h.Rows, h.Cols), p.view(slotIn, h.Rows, h.Cols)
	p.MatMul(b, w.b, h)
	p.MatMul(c, w.c, h)
	p.MatMul(x, w.x, h)
	p.Mul(x, b)
	before, after := p.KV.State(w.layer, w.state)
	p.Conv(y, x, w.conv, before, after)
	p.Mul(y, c)
	p.MatMul(h, w.out, y)
}
