package model

import "github.com/runnel-chat/runnel/accel"

// exaone4 is EXAONE 4 (arXiv 2507.11407): norms after the blocks and of the
// heads of q and k. Where there is a window, three of four layers have it, and
// only they know positions.
func exaone4(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	window := d.UintOr("attention.sliding_window", 0, 0, 1<<31)
	rope := d.rope(s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		attn := d.attention(s, rope)
		d.headNorms(attn)
		switch {
		case window == 0:
		case (l+1)%4 == 0:
			attn.rope = nil
		default:
			d.window(attn, window)
		}
		return residual{
			{block: attn, post: d.rms("post_attention_norm", s)},
			{block: d.gatedFFN(s, accel.SiLU), post: d.rms("post_ffw_norm", s)},
		}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
