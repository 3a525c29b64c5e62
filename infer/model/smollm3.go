package model

import "github.com/runnel-chat/runnel/accel"

// smollm3 is SmolLM 3: Llama's layer, but every fourth layer has no positions
// (arXiv 2501.18795).
func smollm3(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, true)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		norm := d.rms("attn_norm", s)
		attn := d.attention(s, rope)
		if (l+1)%4 == 0 {
			attn.rope = nil
		}
		return residual{
			{pre: norm, block: attn},
			{pre: d.rms("ffn_norm", s), block: d.gatedFFN(s, accel.SiLU)},
		}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
