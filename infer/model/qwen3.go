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
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		norm := d.rms("attn_norm", s)
		attn := d.attention(s, rope)
		d.headNorms(attn)
		return residual{
			{pre: norm, block: attn},
			{pre: d.rms("ffn_norm", s), block: d.gatedFFN(s, accel.SiLU)},
		}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
