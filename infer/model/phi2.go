package model

import "github.com/runnel-chat/runnel/accel"

// phi2 is Phi-1 to Phi-2 (arXiv 2306.11644): one LayerNorm feeds attention and
// feed-forward layer side by side, a part of each head is rotated, and
// everything has a bias.
func phi2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		return d.parallel(d.layerNorm("attn_norm", s), d.attention(s, rope), d.plainFFN(s, accel.GELU))
	})
	d.output(m, d.layerNorm("output_norm", s))
	return m
}
