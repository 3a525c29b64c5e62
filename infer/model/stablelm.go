package model

import "github.com/runnel-chat/runnel/accel"

// stablelm is StableLM (arXiv 2402.17834): Llama's layer with LayerNorms and a
// part of each head rotated. The 12B model norms every head by itself and has
// attention and feed-forward layer side by side.
func stablelm(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		norm := d.layerNorm("attn_norm", s)
		attn := d.attention(s, rope)
		d.eachHeadNorm(attn)
		if !d.Has("ffn_norm.weight") {
			return d.parallel(norm, attn, d.gatedFFN(s, accel.SiLU))
		}
		return residual{
			{pre: norm, block: attn},
			{pre: d.layerNorm("ffn_norm", s), block: d.gatedFFN(s, accel.SiLU)},
		}
	})
	d.output(m, d.layerNorm("output_norm", s))
	return m
}
