package model

import "github.com/runnel-chat/runnel/accel"

// qwen2 is Qwen 2 and 2.5 (arXiv 2407.10671): Llama's layer with biases on
// q, k and v, and rotary positions over the two halves of a head.
func qwen2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	m.Embedding = d.Embedding("token_embd.weight", s.Vocab, s.Embd)
	m.layers = d.layers(s.Layers, func() Layer {
		l := &preNorm{
			eps:      s.Eps,
			attnNorm: d.Vector("attn_norm.weight", s.Embd),
			attn:     d.attention(s, rope),
			ffnNorm:  d.Vector("ffn_norm.weight", s.Embd),
			ffn:      d.gatedFFN(s, accel.SiLU),
		}
		l.attn.qb = d.Vector("attn_q.bias", s.Heads*s.DK)
		l.attn.kb = d.Vector("attn_k.bias", s.KVHeads*s.DK)
		l.attn.vb = d.Vector("attn_v.bias", s.KVHeads*s.DV)
		return l
	})
	d.ends(m)
	return m
}
