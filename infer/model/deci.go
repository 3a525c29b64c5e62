package model

import (
	"fmt"
	"slices"

	"github.com/runnel-chat/runnel/accel"
)

// deci is Nemotron Nano, Super and Ultra as searched from Llama 3 (arXiv
// 2411.19146): layers differ in their heads and in their width, and some have
// a matrix in place of attention, no attention, or no feed-forward layer.
func deci(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	heads := d.perLayer("attention.head_count", s.Layers, 0, 1<<16)
	kvHeads := d.perLayer("attention.head_count_kv", s.Layers, 0, 1<<16)
	widths := d.perLayer("feed_forward_length", s.Layers, 0, maxDim)
	s.Heads, s.KVHeads, s.FFN = slices.Max(heads), slices.Max(kvHeads), slices.Max(widths)
	if s.DK = d.UintOr("attention.key_length", s.Embd/max(1, s.Heads), 1, 4096); s.Heads == 0 {
		d.fail(fmt.Errorf("model: no layer has attention"))
	}
	s.DV = d.UintOr("attention.value_length", s.DK, 1, 4096)
	rope := d.rope(s.DK, true)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		var layer residual
		t := s.layer(kvHeads[l], s.DK, s.DV, widths[l])
		t.Heads = heads[l]
		switch {
		case t.Heads == 0:
		case t.KVHeads == 0:
			layer = append(layer, branch{pre: d.rms("attn_norm", s), block: d.linear("attn_output.weight", s)})
		default:
			layer = append(layer, branch{pre: d.rms("attn_norm", s), block: d.attention(t, rope)})
		}
		if t.FFN > 0 {
			layer = append(layer, branch{pre: d.rms("ffn_norm", s), block: d.gatedFFN(t, accel.SiLU)})
		}
		return layer
	})
	d.output(m, d.rms("output_norm", s))
	return m
}

// linear is a matrix in place of a block.
type linear struct {
	w *accel.Weight // (embd, embd)
}

func (d *Declaration) linear(name string, s *Shape) *linear {
	d.room(slotA, s.Embd)
	return &linear{d.Matrix(name, s.Embd, s.Embd)}
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *linear) forward(p *Pass, h accel.Tensor) {
	x := p.view(slotA, h.Rows, h.Cols)
	p.Copy(x, 0, h, 0, h.Cols)
	p.MatMul(h, w.w, x)
}
