package model

import "github.com/runnel-chat/runnel/accel"

// smollm3 is SmolLM 3: Llama's layer, but every fourth layer has no positions
// (arXiv 2501.18795).
func smollm3(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, true)
	return d.preNorm(m, d.rms,
		func(l int) block {
			attn := d.attention(s, rope)
			if (l+1)%4 == 0 {
				attn.rope = nil
			}
			return attn
		},
		func(int) block { return d.gatedFFN(s, accel.SiLU) })
}
