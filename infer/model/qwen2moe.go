package model

import "github.com/runnel-chat/runnel/accel"

// qwen2moe is Qwen 1.5 and 2 with experts (arXiv 2407.10671): Qwen 2's
// attention; the weights of the chosen experts are not brought to a sum of 1,
// and all tokens share one more, through a gate.
func qwen2moe(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	shared := d.UintOr("expert_shared_feed_forward_length", s.FFN, 0, maxDim)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		attn := branch{pre: d.rms("attn_norm", s), block: d.attention(s, rope)}
		norm := d.rms("ffn_norm", s)
		ffn := d.mixture(s, accel.SiLU)
		d.sharedExpert(ffn, s, shared)
		return residual{attn, {pre: norm, block: ffn}}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
