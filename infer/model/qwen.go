package model

import "github.com/runnel-chat/runnel/accel"

// qwen is Qwen 1 (arXiv 2309.16609): Llama's layer over the halves of a head,
// with q, k and v in one matrix. Its width is told for gate and up together.
func qwen(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	s.FFN /= 2
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.rms,
		func(int) block { return d.attention(s, rope) },
		func(int) block { return d.gatedFFN(s, accel.SiLU) })
}
