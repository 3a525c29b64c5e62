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
	return d.preNorm(m, d.rms,
		func(int) block { return d.attention(s, rope) },
		func(int) block {
			ffn := d.mixture(s, accel.SiLU)
			d.sharedExpert(ffn, s, shared)
			return ffn
		})
}
