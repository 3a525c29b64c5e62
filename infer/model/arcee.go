package model

import "github.com/runnel-chat/runnel/accel"

// arcee is AFM, of Arcee AI: Llama's layer with ReLU² (arXiv 2109.08668) in
// place of SwiGLU.
func arcee(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, true)
	return d.preNorm(m, d.rms,
		func(int) block { return d.attention(s, rope) },
		func(int) block { return d.plainFFN(s, accel.ReLU2) })
}
