package model

import "github.com/runnel-chat/runnel/accel"

// ernie45moe is ERNIE 4.5 with experts (ERNIE 4.5 technical report, 2025): dense
// layers first, then experts beside shared ones, chosen with a bias that only
// the choice sees.
func ernie45moe(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	dense := d.UintOr("leading_dense_block_count", 0, 0, uint64(s.Layers))
	step := d.UintOr("interleave_moe_layer_step", 1, 1, 1<<16)
	shared := d.UintOr("expert_shared_feed_forward_length", s.FFN, 0, maxDim)
	rope := d.rope(s.DK, true)
	return d.preNorm(m, d.rms,
		func(int) block { return d.attention(s, rope) },
		func(l int) block {
			if l < dense || (l+1)%step != 0 {
				return d.gatedFFN(s, accel.SiLU)
			}
			ffn := d.sharedMixture(s, softmax, shared)
			ffn.routing.Normalise = true
			return ffn
		})
}
