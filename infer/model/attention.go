package model

import (
	"fmt"
	"math"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/infer/kv"
)

// attention is softmax(QKᵀ/√d)V with grouped queries (arXiv 2305.13245):
// heads/kvHeads query heads share one head of keys and values. What an
// architecture lacks is nil.
type attention struct {
	q  *accel.Weight // (heads*dk, embd)
	k  *accel.Weight // (kv heads*dk, embd); nil: the keys and values are those of another layer
	v  *accel.Weight // (kv heads*dv, embd); nil: the keys, before their norm
	o  *accel.Weight // (embd, heads*dv)
	qb []float32     // (heads*dk)
	kb []float32     // (kv heads*dk)
	vb []float32     // (kv heads*dv)
	ob []float32     // (embd)
	qn []float32     // (dk), or (heads*dk) for a norm of all heads as one
	kn []float32     // (dk), or (kv heads*dk)
	vn bool          // values are normalised, without a weight

	headMeans bool // the norms of q and k are LayerNorms, with weights for each head
	turnFirst bool // q and k are rotated before their norms

	eps            float32 // of the head norms
	heads, kvHeads int
	dk, dv         int
	rope           *accel.Rope // nil: no positions
	scaled         bool        // each token's queries are multiplied by its factor in slotS
	layer          int         // whose cache it reads
	accel.Attention
}

// attention declares the four projections and the biases that the file has.
func (d *Declaration) attention(s *Shape, rope *accel.Rope) *attention {
	w := d.heads(s, rope)
	if d.Has("attn_qkv.weight") {
		d.fused(w, s)
	} else {
		w.q = d.Matrix("attn_q.weight", s.Heads*s.DK, s.Embd)
		w.k = d.Matrix("attn_k.weight", s.KVHeads*s.DK, s.Embd)
		w.v = d.Matrix("attn_v.weight", s.KVHeads*s.DV, s.Embd)
		w.qb = d.VectorIf("attn_q.bias", s.Heads*s.DK)
		w.kb = d.VectorIf("attn_k.bias", s.KVHeads*s.DK)
		w.vb = d.VectorIf("attn_v.bias", s.KVHeads*s.DV)
	}
	w.o = d.Matrix("attn_output.weight", s.Embd, s.Heads*s.DV)
	w.ob = d.VectorIf("attn_output.bias", s.Embd)
	return w
}

// fused declares the rows of one matrix for queries, keys and values.
func (d *Declaration) fused(w *attention, s *Shape) {
	q, k, v := s.Heads*s.DK, s.KVHeads*s.DK, s.KVHeads*s.DV
	w.q = d.Part("attn_qkv.weight", 0, q, q+k+v, s.Embd)
	w.k = d.Part("attn_qkv.weight", q, k, q+k+v, s.Embd)
	w.v = d.Part("attn_qkv.weight", q+k, v, q+k+v, s.Embd)
	if b := d.VectorIf("attn_qkv.bias", q+k+v); b != nil {
		w.qb, w.kb, w.vb = b[:q], b[q:q+k], b[q+k:]
	}
}

// heads is attention of this layer without its projections.
func (d *Declaration) heads(s *Shape, rope *accel.Rope) *attention {
	if s.Heads == 0 || s.KVHeads == 0 || s.Heads%s.KVHeads != 0 {
		d.fail(fmt.Errorf("model: %d heads cannot share %d KV heads", s.Heads, s.KVHeads))
	}
	d.room(slotQ, s.Heads*s.DK)
	d.room(slotK, s.KVHeads*s.DK)
	d.room(slotV, s.KVHeads*s.DV)
	d.room(slotA, s.Heads*s.DV)
	d.keep(kv.Layer{KVShape: accel.KVShape{Heads: s.KVHeads, DK: s.DK, DV: s.DV}})
	return &attention{
		eps: s.Eps, heads: s.Heads, kvHeads: s.KVHeads, dk: s.DK, dv: s.DV,
		rope: rope, layer: d.layer,
		Attention: accel.Attention{Scale: float32(1 / math.Sqrt(float64(s.DK)))},
	}
}

// headNorms declares norms of each head's queries and keys.
func (d *Declaration) headNorms(w *attention) *attention {
	w.qn = d.Vector("attn_q_norm.weight", w.dk)
	w.kn = d.Vector("attn_k_norm.weight", w.dk)
	return w
}

// widthNorms declares one norm over all heads of the queries, and of the keys.
func (d *Declaration) widthNorms(w *attention) *attention {
	w.qn = d.Vector("attn_q_norm.weight", w.heads*w.dk)
	w.kn = d.Vector("attn_k_norm.weight", w.kvHeads*w.dk)
	return w
}

// eachHeadNorm declares a LayerNorm of every head by itself, if the file has it.
func (d *Declaration) eachHeadNorm(w *attention) {
	if d.Has("attn_q_norm.weight") {
		w.qn = d.read("attn_q_norm.weight", int64(w.dk), int64(w.heads))
		w.kn = d.read("attn_k_norm.weight", int64(w.dk), int64(w.kvHeads))
		w.headMeans = true
	}
}

// window lets queries see the last n positions only.
func (d *Declaration) window(w *attention, n int) {
	w.Window = n
	d.keeps[d.layer].Window = n
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *attention) forward(p *Pass, h accel.Tensor) {
	q := p.view(slotQ, h.Rows, w.heads*w.dk)
	k := p.view(slotK, h.Rows, w.kvHeads*w.dk)
	v := p.view(slotV, h.Rows, w.kvHeads*w.dv)
	a := p.view(slotA, h.Rows, w.heads*w.dv)
	p.MatMul(q, w.q, h)
	if w.k != nil {
		p.MatMul(k, w.k, h)
	}
	if w.v != nil {
		p.MatMul(v, w.v, h)
	}
	w.queries(p, q)
	if w.k != nil {
		w.keysAndValues(p, k, v)
	}
	p.Attend(a, q, p.KV.Layer(w.layer), p.Pos, &w.Attention)
	p.MatMul(h, w.o, a)
	addBias(p, h, w.ob)
}

// queries brings raw queries into the form that meets the keys.
func (w *attention) queries(p *Pass, q accel.Tensor) {
	addBias(p, q, w.qb)
	w.place(p, q, w.qn)
	if w.scaled {
		p.ScaleRows(q, p.view(slotS, q.Rows, 1))
	}
}

// place normalises the heads of queries or keys and rotates them.
func (w *attention) place(p *Pass, x accel.Tensor, norm []float32) {
	if w.rope != nil && w.turnFirst {
		p.Rotate(x, w.dk, w.rope, p.Pos)
	}
	switch {
	case norm == nil:
	case w.headMeans:
		p.LayerNorm(x.Split(w.dk), x.Split(w.dk), norm, nil, w.eps)
	default:
		p.RMSNorm(x.Split(len(norm)), x.Split(len(norm)), norm, w.eps)
	}
	if w.rope != nil && !w.turnFirst {
		p.Rotate(x, w.dk, w.rope, p.Pos)
	}
}

// keysAndValues does the same for raw keys and values and keeps them.
func (w *attention) keysAndValues(p *Pass, k, v accel.Tensor) {
	addBias(p, k, w.kb)
	addBias(p, v, w.vb)
	if w.v == nil {
		p.Copy(v, 0, k, 0, k.Cols)
	}
	if w.vn {
		p.RMSNorm(v.Split(w.dv), v.Split(w.dv), nil, w.eps)
	}
	w.place(p, k, w.kn)
	p.Store(p.KV.Layer(w.layer), k, v, p.Pos)
}

func addBias(p *Pass, x accel.Tensor, b []float32) {
	if b != nil {
		p.AddBias(x, b)
	}
}
