package model

import "github.com/runnel-chat/runnel/accel"

// deepseek is DeepSeek-MoE (arXiv 2401.06066): dense layers first, then experts
// beside shared ones; bailingmoe, Ling (arXiv 2503.05139), has the same graph.
func deepseek(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, true)
	return d.preNorm(m, d.rms,
		func(int) block { return d.attention(s, rope) },
		d.denseFirst(s, softmax))
}

// headNormMoE is the layer of Qwen 3 with the experts of DeepSeek: dots.llm1
// (dots1, arXiv 2506.05767) and Ling 2 (bailingmoe2). Layers that predict
// further tokens follow the others and are left out.
func headNormMoE(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	s.Layers -= d.UintOr("nextn_predict_layers", 0, 0, uint64(s.Layers-1))
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.rms,
		func(int) block { return d.headNorms(d.attention(s, rope)) },
		d.denseFirst(s, softmax))
}

// denseFirst declares a feed-forward layer in the first layers and a mixture
// with shared experts in the others.
func (d *Declaration) denseFirst(s *Shape, gating int) func(l int) block {
	dense := d.UintOr("leading_dense_block_count", 0, 0, uint64(s.Layers))
	width := d.UintOr("expert_shared_feed_forward_length", d.Uint("expert_feed_forward_length", 1, maxDim), 1, maxDim)
	shared := d.UintOr("expert_shared_count", 1, 0, 64) * width
	return func(l int) block {
		if l < dense {
			return d.gatedFFN(s, accel.SiLU)
		}
		return d.sharedMixture(s, gating, shared)
	}
}
