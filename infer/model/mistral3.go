package model

import (
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// mistral3 is Mistral Small 3 and Ministral 3: Llama's layer with a YaRN rope,
// and queries that grow with the logarithm of their position beyond the
// trained context.
func mistral3(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	growth := d.FloatOr("attention.temperature_scale", 0, 0, 100)
	trained := d.UintOr("rope.scaling.original_context_length", s.Context, 1, 1<<31)
	if growth != 0 {
		d.room(slotS, 1)
		m.start = func(p *Pass) {
			s := p.view(slotS, p.N, 1)
			for t := range s.Data {
				s.Data[t] = float32(1 + growth*math.Log(float64(1+(p.Pos+t)/trained)))
			}
			p.Changed(s)
		}
	}
	rope := d.rope(s.DK, true)
	return d.preNorm(m, d.rms,
		func(int) block {
			attn := d.attention(s, rope)
			attn.scaled = growth != 0
			return attn
		},
		func(int) block { return d.gatedFFN(s, accel.SiLU) })
}
