package model

import "github.com/runnel-chat/runnel/accel"

// gpt2 is GPT-2 (Radford et al. 2019): learned positions are added to the
// embeddings; LayerNorm, biases, GELU.
func gpt2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	m.start = func(p *Pass) { p.Add(p.X(), p.view(slotP, p.N, p.embd)) }
	d.table("position_embd.weight", s.Context, s.Embd, slotP, true)
	return d.preNorm(m, d.layerNorm,
		func(int) block { return d.attention(s, nil) },
		func(int) block { return d.plainFFN(s, accel.GELU) })
}
