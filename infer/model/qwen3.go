package model

import "github.com/runnel-chat/runnel/accel"

// qwen3 is Qwen 3 (arXiv 2505.09388): no biases, and every head of q and k is
// normalised before it is rotated.
func qwen3(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.rms,
		func(int) block { return d.headNorms(d.attention(s, rope)) },
		func(int) block { return d.gatedFFN(s, accel.SiLU) })
}
