package model

import "github.com/runnel-chat/runnel/accel"

// starcoder2 is StarCoder 2 (arXiv 2402.19173): LayerNorm and biases as in
// GPT-2, grouped queries and rotary positions as in Llama.
func starcoder2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.layerNorm,
		func(int) block { return d.attention(s, rope) },
		func(int) block { return d.plainFFN(s, accel.GELU) })
}
