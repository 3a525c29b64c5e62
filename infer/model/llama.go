package model

import (
	"fmt"

	"github.com/runnel-chat/runnel/accel"
)

// llama is Llama 1 to 3 and the many models of its shape (arXiv 2302.13971,
// 2407.21783): pre-norm, grouped queries, rotary positions over interleaved
// pairs, SwiGLU.
func llama(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	if n := d.UintOr("expert_count", 0, 0, 4096); n > 0 {
		d.fail(fmt.Errorf("model: a llama of %d experts is %w", n, ErrUnsupported))
	}
	rope := d.rope(s.DK, true)
	m.Embedding = d.Embedding("token_embd.weight", s.Vocab, s.Embd)
	m.layers = d.layers(s.Layers, func() Layer {
		l := &preNorm{
			eps:      s.Eps,
			attnNorm: d.Vector("attn_norm.weight", s.Embd),
			attn:     d.attention(s, rope),
			ffnNorm:  d.Vector("ffn_norm.weight", s.Embd),
			ffn:      d.gatedFFN(s, accel.SiLU),
		}
		// Fine-tunes with biases on the projections exist.
		l.attn.qb = d.VectorIf("attn_q.bias", s.Heads*s.DK)
		l.attn.kb = d.VectorIf("attn_k.bias", s.KVHeads*s.DK)
		l.attn.vb = d.VectorIf("attn_v.bias", s.KVHeads*s.DV)
		l.attn.ob = d.VectorIf("attn_output.bias", s.Embd)
		return l
	})
	d.ends(m)
	return m
}
