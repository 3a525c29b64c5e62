package model

import "github.com/runnel-chat/runnel/accel"

// falcon is Falcon (arXiv 2311.16867): attention and feed-forward layer side by
// side without biases, many heads on few keys. The 40B model gives attention
// a LayerNorm of its own.
func falcon(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		w := d.parallel(d.layerNorm("attn_norm", s), d.attention(s, rope), d.plainFFN(s, accel.GELUErf))
		if d.Has("attn_norm_2.weight") {
			w.attnNorm = d.layerNorm("attn_norm_2", s)
		}
		return w
	})
	d.output(m, d.layerNorm("output_norm", s))
	return m
}
