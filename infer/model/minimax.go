package model

// minimaxM2 is MiniMax-M2: a part of each head rotated after one norm over all
// heads, and experts chosen by sigmoids with a bias that only the choice sees.
func minimaxM2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.rms,
		func(int) block { return d.widthNorms(d.attention(s, rope)) },
		func(int) block {
			ffn := d.sharedMixture(s, sigmoid, 0)
			ffn.routing.Normalise = true
			return ffn
		})
}
