package model

import "github.com/runnel-chat/runnel/accel"

// glm4 is GLM-4-0414 (arXiv 2406.12793): norms before and after each block,
// half of each head rotated, gate and up in one matrix. chatglm, the models
// before it, has no norms after. Those that see images keep the pairs of a rope
// half a head apart.
func glm4(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, !d.multiSection())
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		post := func(name string) norm {
			if !d.Has(name + ".weight") {
				return norm{}
			}
			return d.rms(name, s)
		}
		return residual{
			{pre: d.rms("attn_norm", s), block: d.attention(s, rope), post: post("post_attention_norm")},
			{pre: d.rms("ffn_norm", s), block: d.gatedFFN(s, accel.SiLU), post: post("post_ffw_norm")},
		}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
