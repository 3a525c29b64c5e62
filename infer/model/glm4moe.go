package model

// glm4moe is GLM-4.5 and later (arXiv 2508.06471): a few dense layers, then
// experts chosen by sigmoids with a bias that only the choice sees, beside one
// that all tokens share. Half of each head is rotated. The norm before the
// experts is stored as that after attention; layers that predict further
// tokens follow the others and are left out.
func glm4moe(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	s.Layers -= d.UintOr("nextn_predict_layers", 0, 0, uint64(s.Layers-1))
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.rms,
		func(int) block {
			attn := d.attention(s, rope)
			if d.Has("attn_q_norm.weight") {
				d.headNorms(attn)
			}
			return attn
		},
		d.denseFirst(s, sigmoid))
}
