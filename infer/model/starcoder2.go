package model

import "github.com/runnel-chat/runnel/accel"

// starcoder2 is StarCoder 2 (arXiv 2402.19173): LayerNorm and biases as in
// GPT-2, grouped queries and rotary positions as in Llama.
func starcoder2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		return residual{
			{pre: d.layerNorm("attn_norm", s), block: d.attention(s, rope)},
			{pre: d.layerNorm("ffn_norm", s), block: d.plainFFN(s, accel.GELU)},
		}
	})
	d.output(m, d.layerNorm("output_norm", s))
	return m
}
