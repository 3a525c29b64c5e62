package model

import "github.com/runnel-chat/runnel/accel"

// nemotron is Nemotron-4 and Minitron (arXiv 2402.16819, 2407.14679): LayerNorm,
// a part of each head rotated, ReLU². The weights of its norms are stored with
// their 1 added.
func nemotron(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.layerNorm,
		func(int) block { return d.attention(s, rope) },
		func(int) block { return d.plainFFN(s, accel.ReLU2) })
}
