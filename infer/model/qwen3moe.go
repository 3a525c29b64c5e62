package model

import "github.com/runnel-chat/runnel/accel"

// qwen3moe is Qwen 3 with experts (arXiv 2505.09388).
func qwen3moe(d *Declaration) *Model {
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
		ffnNorm := d.rms("ffn_norm", s)
		ffn := d.mixture(s, accel.SiLU)
		ffn.routing.Normalise = true
		return residual{{pre: norm, block: attn}, {pre: ffnNorm, block: ffn}}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
