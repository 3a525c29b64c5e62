package model

import "github.com/runnel-chat/runnel/accel"

// qwen3 is Qwen 3 (arXiv 2505.09388): no biases, and every head of q and k is
// normalised before it is rotated.
func qwen3(d *Declaration) *Model {
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
		l.attn.qn = d.Vector("attn_q_norm.weight", s.DK)
		l.attn.kn = d.Vector("attn_k_norm.weight", s.DK)
		return l
	})
	d.ends(m)
	return m
}
