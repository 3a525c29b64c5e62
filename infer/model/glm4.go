package model

import "github.com/runnel-chat/runnel/accel"

// glm4 is GLM-4-0414 (arXiv 2406.12793): norms before and after each block,
// half of each head rotated, gate and up in one matrix.
func glm4(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, true)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		return residual{
			{pre: d.rms("attn_norm", s), block: d.attention(s, rope), post: d.rms("post_attention_norm", s)},
			{pre: d.rms("ffn_norm", s), block: d.gatedFFN(s, accel.SiLU), post: d.rms("post_ffw_norm", s)},
		}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
