package model

import "github.com/runnel-chat/runnel/accel"

// hunyuan is Hunyuan, dense or with experts beside a shared one (arXiv
// 2411.02265): Llama's layer over the halves of a head, with norms of the heads
// of q and k after they are rotated.
func hunyuan(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	shared := d.UintOr("expert_shared_feed_forward_length", s.FFN, 0, maxDim)
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.rms,
		func(int) block {
			attn := d.headNorms(d.attention(s, rope))
			attn.turnFirst = true
			return attn
		},
		func(int) block {
			if !d.Has("ffn_gate_inp.weight") {
				return d.gatedFFN(s, accel.SiLU)
			}
			ffn := d.mixture(s, accel.SiLU)
			ffn.routing.Normalise = true
			d.sharedExpert(ffn, s, shared)
			return ffn
		})
}
