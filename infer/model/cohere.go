package model

import "github.com/runnel-chat/runnel/accel"

// commandR is Command R: one LayerNorm without bias feeds attention and
// feed-forward layer side by side; the logits are scaled.
func commandR(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	m.scale = d.Float("logit_scale", 1e-6, 1e6)
	rope := d.rope(s.DK, true)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		norm := d.layerNorm("attn_norm", s)
		attn := d.attention(s, rope)
		d.eachHeadNorm(attn) // Command R+
		return d.parallel(norm, attn, d.gatedFFN(s, accel.SiLU))
	})
	d.output(m, d.layerNorm("output_norm", s))
	return m
}

// cohere2 is Command R7B and Command A (arXiv 2504.00698): three layers with a
// window and a rope, then one that sees everything and knows no positions.
func cohere2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	m.scale = d.Float("logit_scale", 1e-6, 1e6)
	window := d.Uint("attention.sliding_window", 1, 1<<31)
	rope := d.rope(s.DK, true)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		norm := d.layerNorm("attn_norm", s)
		attn := d.attention(s, rope)
		if l%4 == 3 {
			attn.rope = nil
		} else {
			d.window(attn, window)
		}
		return d.parallel(norm, attn, d.gatedFFN(s, accel.SiLU))
	})
	d.output(m, d.layerNorm("output_norm", s))
	return m
}
