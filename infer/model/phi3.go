package model

import "github.com/runnel-chat/runnel/accel"

// phi3 is Phi-3 to Phi-4 (arXiv 2404.14219): Llama's layer over the halves of a
// head, with q, k and v in one matrix and gate and up in another. All layers
// have a window where there is one; long contexts have a rope of their own.
func phi3(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	window := d.UintOr("attention.sliding_window", 0, 0, 1<<31)
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.rms,
		func(int) block {
			attn := d.attention(s, rope)
			d.window(attn, window)
			return attn
		},
		func(int) block { return d.gatedFFN(s, accel.SiLU) })
}
