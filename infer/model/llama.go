package model

import "github.com/runnel-chat/runnel/accel"

// llama is Llama 1 to 3 and the many models of its shape (arXiv 2302.13971,
// 2407.21783): pre-norm, grouped queries, rotary positions over interleaved
// pairs, SwiGLU. Fine-tunes with biases on the projections exist, and Mixtral
// (arXiv 2401.04088) has experts in place of the feed-forward layer.
func llama(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	experts := d.UintOr("expert_count", 0, 0, 1<<16)
	rope := d.rope(s.DK, true)
	return d.preNorm(m, d.rms,
		func(int) block { return d.attention(s, rope) },
		func(int) block { return d.mixtral(s, experts) })
}

// mixtral is a feed-forward layer, or experts.
func (d *Declaration) mixtral(s *Shape, experts int) block {
	if experts == 0 {
		return d.gatedFFN(s, accel.SiLU)
	}
	w := d.mixture(s, accel.SiLU)
	w.routing.Normalise = true
	return w
}
