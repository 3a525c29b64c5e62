package model

import (
	"fmt"

	"github.com/runnel-chat/runnel/accel"
)

// qwen3next is Qwen3-Next: three layers of gated delta rule, then one of gated
// attention; experts everywhere.
func qwen3next(d *Declaration) *Model { return hybridQwen(d, false) }

// qwen35 is Qwen 3.5: the layers of Qwen3-Next, whose value heads share key
// heads in turn, with a dense feed-forward layer or with experts.
func qwen35(d *Declaration) *Model { return hybridQwen(d, true) }

func hybridQwen(d *Declaration, modulo bool) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	s.Layers -= d.UintOr("nextn_predict_layers", 0, 0, uint64(s.Layers-1))
	interval := d.UintOr("full_attention_interval", 4, 1, 1<<16)
	rope := d.rope(s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		layer := residual{{pre: d.rms("attn_norm", s)}, {}}
		if (l+1)%interval == 0 {
			layer[0].block = d.gatedAttention(s, rope)
		} else {
			layer[0].block = d.deltaNet(s, modulo)
		}
		layer[1].pre = d.rms("post_attention_norm", s)
		if d.Has("ffn_gate_inp.weight") {
			ffn := d.mixture(s, accel.SiLU)
			ffn.routing.Normalise = true
			d.sharedExpert(ffn, s, d.UintOr("expert_shared_feed_forward_length", s.FFN, 0, maxDim))
			layer[1].block = ffn
		} else {
			layer[1].block = d.gatedFFN(s, accel.SiLU)
		}
		return layer
	})
	d.output(m, d.rms("output_norm", s))
	return m
}

// gatedAttention is attention whose output passes a gate (arXiv 2505.06708);
// the rows of q hold the query of a head, then its gate.
type gatedAttention struct {
	attention
}

func (d *Declaration) gatedAttention(s *Shape, rope *accel.Rope) *gatedAttention {
	w := &gatedAttention{*d.heads(s, rope)}
	if s.DK != s.DV {
		d.fail(fmt.Errorf("model: gates of %d do not fit values of %d", s.DK, s.DV))
	}
	w.q = d.Matrix("attn_q.weight", 2*s.Heads*s.DK, s.Embd)
	w.k = d.Matrix("attn_k.weight", s.KVHeads*s.DK, s.Embd)
	w.v = d.Matrix("attn_v.weight", s.KVHeads*s.DV, s.Embd)
	d.headNorms(&w.attention)
	w.o = d.Matrix("attn_output.weight", s.Embd, s.Heads*s.DV)
	d.room(slotQ2, 2*s.Heads*s.DK)
	d.room(slotA2, s.Heads*s.DK)
	return w
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *gatedAttention) forward(p *Pass, h accel.Tensor) {
	n := h.Rows
	both, q := p.view(slotQ2, n, 2*w.heads*w.dk), p.view(slotQ, n, w.heads*w.dk)
	k, v := p.view(slotK, n, w.kvHeads*w.dk), p.view(slotV, n, w.kvHeads*w.dv)
	a, gate := p.view(slotA, n, w.heads*w.dv), p.view(slotA2, n, w.heads*w.dk)
	p.MatMul(both, w.q, h)
	p.MatMul(k, w.k, h)
	p.MatMul(v, w.v, h)
	p.Copy(q.Split(w.dk), 0, both.Split(2*w.dk), 0, w.dk)
	p.Copy(gate.Split(w.dk), 0, both.Split(2*w.dk), w.dk, w.dk)
	w.queries(p, q)
	w.keysAndValues(p, k, v)
	p.Attend(a, q, p.KV.Layer(w.layer), p.Pos, &w.Attention)
	p.GLU(accel.Sigmoid, gate, a)
	p.MatMul(h, w.o, gate)
}
