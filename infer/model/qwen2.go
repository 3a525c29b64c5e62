package model

import "github.com/runnel-chat/runnel/accel"

// qwen2 is Qwen 2 and 2.5 (arXiv 2407.10671): Llama's layer with biases on
// q, k and v, and rotary positions over the two halves of a head.
func qwen2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.rms,
		func(int) block { return d.attention(s, rope) },
		func(int) block { return d.gatedFFN(s, accel.SiLU) })
}
