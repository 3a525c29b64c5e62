package model

import (
	"fmt"
	"math"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/infer/kv"
)

// deepseek2 is DeepSeek V2 to V3.1, R1, Kimi K2 and their kin (arXiv
// 2405.04434, 2412.19437): multi-head latent attention; dense layers first,
// then experts beside a shared one.
func deepseek2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	dense := d.UintOr("leading_dense_block_count", 0, 0, uint64(s.Layers))
	l := d.latent(s)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(i int) Layer {
		layer := residual{{pre: d.rms("attn_norm", s), block: d.latentAttention(s, l)}, {pre: d.rms("ffn_norm", s)}}
		if i < dense {
			layer[1].block = d.gatedFFN(s, accel.SiLU)
		} else {
			shared := d.UintOr("expert_shared_count", 0, 0, 64) * d.Uint("expert_feed_forward_length", 1, maxDim)
			layer[1].block = d.sharedMixture(s, softmax, shared)
		}
		return layer
	})
	d.output(m, d.rms("output_norm", s))
	return m
}

// latent holds the dimensions of latent attention.
type latent struct {
	heads int
	rank  int // of what is kept of a position: c
	turn  int // values of a key that are rotated, shared by all heads
	plain int // values of a key that are not
	dv    int // values of a head
	low   int // rank of the queries; 0: full
	scale float32
	rope  *accel.Rope
}

func (d *Declaration) latent(s *Shape) *latent {
	l := &latent{
		heads: s.Heads,
		rank:  d.Uint("attention.kv_lora_rank", 1, 1<<16),
		low:   d.UintOr("attention.q_lora_rank", 0, 0, 1<<16),
		dv:    d.UintOr("attention.value_length_mla", s.DV, 1, 4096),
	}
	dk := d.UintOr("attention.key_length_mla", s.DK, 1, 4096)
	if l.turn = d.rotated("rope.dimension_count", dk); l.turn >= dk {
		d.fail(fmt.Errorf("model: all %d values of a key are rotated", dk))
	}
	l.plain = dk - l.turn
	if l.rope = d.rope(l.turn, true); d.err != nil {
		return l
	}
	// What YaRN does to the scores is part of their scale.
	l.rope.Magnitude, l.rope.From = 1, l.rank
	grow := 1.0
	if d.StringOr("rope.scaling.type", "none") == "yarn" {
		grow += d.FloatOr("rope.scaling.yarn_log_multiplier", 0, 0, 100) *
			math.Log(max(1, d.FloatOr("rope.scaling.factor", 1, 0, 1e6)))
	}
	l.scale = float32(grow * grow / math.Sqrt(float64(dk)))
	return l
}

// latentAttention keeps of a position a vector c of low rank, and a key k that
// carries the position, for all heads alike. A head's key is (K·c, k) and its
// value V·c. Since (K·c)·q = c·(Kᵀ·q), the heads' queries are brought to the
// rank of c instead, and V is applied to what they gather: attention has one
// head of keys (c, k) and values c.
type latentAttention struct {
	*latent
	qa     *accel.Weight // (low, embd); nil: qb reads the stream
	qaNorm norm
	qb     *accel.Weight   // (heads*(plain+turn), low or embd)
	kva    *accel.Weight   // (rank+turn, embd): c, then k
	cNorm  norm            // of c
	kb     []*accel.Weight // by head: (rank, plain), Kᵀ
	vb     []*accel.Weight // by head: (dv, rank)
	o      *accel.Weight   // (embd, heads*dv)
	layer  int
	accel.Attention
}

func (d *Declaration) latentAttention(s *Shape, l *latent) *latentAttention {
	w := &latentAttention{latent: l, layer: d.layer, Attention: accel.Attention{Scale: l.scale}}
	dk := l.plain + l.turn
	w.kva = d.Matrix("attn_kv_a_mqa.weight", l.rank+l.turn, s.Embd)
	w.cNorm = norm{kind: rmsNorm, w: d.Vector("attn_kv_a_norm.weight", l.rank), eps: s.Eps}
	if l.low > 0 {
		w.qa = d.Matrix("attn_q_a.weight", l.low, s.Embd)
		w.qaNorm = norm{kind: rmsNorm, w: d.Vector("attn_q_a_norm.weight", l.low), eps: s.Eps}
		w.qb = d.Matrix("attn_q_b.weight", l.heads*dk, l.low)
	} else {
		w.qb = d.Matrix("attn_q.weight", l.heads*dk, s.Embd)
	}
	// In files that have K and V of a head in one matrix, K is the other way
	// round. All K are read before the first V.
	joint := !d.Has("attn_k_b.weight")
	per := l.plain + l.dv
	for h := 0; h < l.heads && d.err == nil; h++ {
		if joint {
			w.kb = append(w.kb, d.transposed("attn_kv_b.weight", h*per, l.plain, l.heads*per, l.rank))
		} else {
			w.kb = append(w.kb, d.head("attn_k_b.weight", h, l.heads, l.rank, l.plain))
		}
	}
	for h := 0; h < l.heads && d.err == nil; h++ {
		if joint {
			w.vb = append(w.vb, d.Part("attn_kv_b.weight", h*per+l.plain, l.dv, l.heads*per, l.rank))
		} else {
			w.vb = append(w.vb, d.head("attn_v_b.weight", h, l.heads, l.dv, l.rank))
		}
	}
	w.o = d.Matrix("attn_output.weight", s.Embd, l.heads*l.dv)
	d.room(slotA2, max(l.low, l.heads*l.dv))
	d.room(slotQ2, l.heads*dk)
	d.room(slotQ, l.heads*(l.rank+l.turn))
	d.room(slotK, l.rank+l.turn)
	d.room(slotV, l.rank)
	d.room(slotA, l.heads*l.rank)
	d.keep(kv.Layer{KVShape: accel.KVShape{Heads: 1, DK: l.rank + l.turn, DV: l.rank}})
	return w
}

// head declares the matrix of head h of n.
func (d *Declaration) head(name string, h, n, rows, cols int) *accel.Weight {
	t, ok := d.tensor(name, int64(cols), int64(rows), int64(n))
	if !ok {
		return nil
	}
	return d.add(Matrix{Tensor: slice(t, h*rows, rows, 1)}, rows, cols)
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *latentAttention) forward(p *Pass, h accel.Tensor) {
	n, dk := h.Rows, w.plain+w.turn
	q, raw := p.view(slotQ, n, w.heads*(w.rank+w.turn)), p.view(slotQ2, n, w.heads*dk)
	k, c := p.view(slotK, n, w.rank+w.turn), p.view(slotV, n, w.rank)
	p.MatMul(k, w.kva, h)
	if w.qa != nil {
		low := p.view(slotA2, n, w.low)
		p.MatMul(low, w.qa, h)
		w.qaNorm.forward(p, low, low)
		p.MatMul(raw, w.qb, low)
	} else {
		p.MatMul(raw, w.qb, h)
	}
	p.MatMulEach(q, w.kb, raw)
	p.Copy(q.Split(w.rank+w.turn), w.rank, raw.Split(dk), w.plain, w.turn)
	p.Rotate(q, w.rank+w.turn, w.rope, p.Pos)

	p.Copy(c, 0, k, 0, w.rank)
	w.cNorm.forward(p, c, c)
	p.Copy(k, 0, c, 0, w.rank)
	p.Rotate(k, w.rank+w.turn, w.rope, p.Pos)
	p.Store(p.KV.Layer(w.layer), k, c, p.Pos)

	a, v := p.view(slotA, n, w.heads*w.rank), p.view(slotA2, n, w.heads*w.dv)
	p.Attend(a, q, p.KV.Layer(w.layer), p.Pos, &w.Attention)
	p.MatMulEach(v, w.vb, a)
	p.MatMul(h, w.o, v)
}
