package model

import "github.com/runnel-chat/runnel/accel"

// qwen3moe is Qwen 3 with experts (arXiv 2505.09388).
func qwen3moe(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.rms,
		func(int) block { return d.headNorms(d.attention(s, rope)) },
		func(int) block {
			ffn := d.mixture(s, accel.SiLU)
			ffn.routing.Normalise = true
			return ffn
		})
}
