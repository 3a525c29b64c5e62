package model

import "github.com/runnel-chat/runnel/accel"

// gptneox is GPT-NeoX and Pythia (arXiv 2204.06745, 2304.01373): LayerNorms and
// biases, a part of each head rotated; attention and feed-forward layer follow
// each other or read the same stream.
func gptneox(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	beside := d.Bool("use_parallel_residual")
	rope := d.rope(s.DK, false)
	attn := func(int) block { return d.attention(s, rope) }
	ffn := func(int) block { return d.plainFFN(s, accel.GELUErf) }
	if !beside {
		return d.preNorm(m, d.layerNorm, attn, ffn)
	}
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		norm := d.layerNorm("attn_norm", s)
		a := attn(l)
		w := d.parallel(d.layerNorm("ffn_norm", s), a, ffn(l))
		w.attnNorm = norm
		return w
	})
	d.output(m, d.layerNorm("output_norm", s))
	return m
}
