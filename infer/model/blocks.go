package model

import (
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// attention is softmax(QKᵀ/√d)V with grouped queries (arXiv 2305.13245):
// heads/kvHeads query heads share one head of keys and values. Biases and
// head norms are nil where an architecture has none.
type attention struct {
	q    *accel.Weight // (heads*dk, embd)
	k    *accel.Weight // (kv heads*dk, embd)
	v    *accel.Weight // (kv heads*dv, embd)
	o    *accel.Weight // (embd, heads*dv)
	qb   []float32     // (heads*dk)
	kb   []float32     // (kv heads*dk)
	vb   []float32     // (kv heads*dv)
	ob   []float32     // (embd)
	qn   []float32     // (dk)
	kn   []float32     // (dk)
	eps  float32       // of the head norms
	dk   int
	rope *accel.Rope // nil: no positions
	accel.Attention
}

// attention declares the four projections.
func (d *Declaration) attention(s *Shape, rope *accel.Rope) attention {
	return attention{
		q:         d.Matrix("attn_q.weight", s.Heads*s.DK, s.Embd),
		k:         d.Matrix("attn_k.weight", s.KVHeads*s.DK, s.Embd),
		v:         d.Matrix("attn_v.weight", s.KVHeads*s.DV, s.Embd),
		o:         d.Matrix("attn_output.weight", s.Embd, s.Heads*s.DV),
		eps:       s.Eps,
		dk:        s.DK,
		rope:      rope,
		Attention: accel.Attention{Scale: float32(1 / math.Sqrt(float64(s.DK)))},
	}
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *attention) forward(p *Pass, h accel.Tensor) {
	n := h.Rows
	q, k, v, a := p.q.Top(n), p.k.Top(n), p.v.Top(n), p.a.Top(n)
	cache := p.KV.Layer(p.l)
	p.MatMul(q, w.q, h)
	p.MatMul(k, w.k, h)
	p.MatMul(v, w.v, h)
	if w.qb != nil {
		p.AddBias(q, w.qb)
	}
	if w.kb != nil {
		p.AddBias(k, w.kb)
	}
	if w.vb != nil {
		p.AddBias(v, w.vb)
	}
	if w.qn != nil {
		p.RMSNorm(q.Split(w.dk), q.Split(w.dk), w.qn, w.eps)
		p.RMSNorm(k.Split(w.dk), k.Split(w.dk), w.kn, w.eps)
	}
	if w.rope != nil {
		p.Rotate(q, w.dk, w.rope, p.Pos)
		p.Rotate(k, w.dk, w.rope, p.Pos)
	}
	p.Store(cache, k, v, p.Pos)
	p.Attend(a, q, cache, p.Pos, &w.Attention)
	p.MatMul(h, w.o, a)
	if w.ob != nil {
		p.AddBias(h, w.ob)
	}
}

// gatedFFN is down(act(gate·h) * up·h) (arXiv 2002.05202).
type gatedFFN struct {
	gate *accel.Weight // (ffn, embd)
	up   *accel.Weight // (ffn, embd)
	down *accel.Weight // (embd, ffn)
	act  accel.Activation
}

func (d *Declaration) gatedFFN(s *Shape, act accel.Activation) gatedFFN {
	return gatedFFN{
		gate: d.Matrix("ffn_gate.weight", s.FFN, s.Embd),
		up:   d.Matrix("ffn_up.weight", s.FFN, s.Embd),
		down: d.Matrix("ffn_down.weight", s.Embd, s.FFN),
		act:  act,
	}
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *gatedFFN) forward(p *Pass, h accel.Tensor) {
	gate, up := p.gate.Top(h.Rows), p.up.Top(h.Rows)
	p.MatMul(gate, w.gate, h)
	p.MatMul(up, w.up, h)
	p.GLU(w.act, gate, up)
	p.MatMul(h, w.down, gate)
}

// preNorm is the layer most decoders share: each block reads a normalised
// copy of the stream and adds its output back.
type preNorm struct {
	eps      float32
	attnNorm []float32 // (embd)
	attn     attention
	ffnNorm  []float32 // (embd)
	ffn      gatedFFN
}

// Forward is x += attn(norm(x)); x += ffn(norm(x)).
func (w *preNorm) Forward(p *Pass) {
	x, h := p.x.Top(p.N), p.h.Top(p.N)
	p.RMSNorm(h, x, w.attnNorm, w.eps)
	w.attn.forward(p, h)
	p.Add(x, h)

	p.RMSNorm(h, x, w.ffnNorm, w.eps)
	w.ffn.forward(p, h)
	p.Add(x, h)
}

// ends declares what lies before and after the layers. Models with tied
// embeddings multiply by the token table itself.
func (d *Declaration) ends(m *Model) {
	m.norm = d.Vector("output_norm.weight", m.Embd)
	name := "output.weight"
	if !d.Has(name) {
		name = "token_embd.weight"
	}
	m.output = d.Matrix(name, m.Vocab, m.Embd)
}
