package model

import "github.com/runnel-chat/runnel/accel"

// olmo2 is OLMo 2 and 3 (arXiv 2501.00656): norms after the blocks instead of
// before, and one norm over all heads of q, and of k. In OLMo 3 three of four
// layers have a window, and a rope that is not stretched.
func olmo2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	window := d.UintOr("attention.sliding_window", 0, 0, 1<<31)
	global := d.rope(s.DK, false)
	local := plainRope(d.FloatOr("rope.freq_base", 10_000, 1e-3, 1e12), s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		attn := d.attention(s, global)
		attn.qn = d.Vector("attn_q_norm.weight", s.Heads*s.DK)
		attn.kn = d.Vector("attn_k_norm.weight", s.KVHeads*s.DK)
		if window > 0 && (l+1)%4 != 0 {
			attn.rope = local
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
