package model

import "github.com/runnel-chat/runnel/accel"

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
	dense := d.UintOr("leading_dense_block_count", 0, 0, uint64(s.Layers))
	shared := d.UintOr("expert_shared_count", 1, 0, 64) * d.Uint("expert_feed_forward_length", 1, maxDim)
	rope := d.rope(s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		norm := d.rms("attn_norm", s)
		attn := d.attention(s, rope)
		if d.Has("attn_q_norm.weight") {
			d.headNorms(attn)
		}
		layer := residual{{pre: norm, block: attn}, {pre: d.rms("post_attention_norm", s)}}
		if l < dense {
			layer[1].block = d.gatedFFN(s, accel.SiLU)
		} else {
			layer[1].block = d.sharedMixture(s, shared)
		}
		return layer
	})
	d.output(m, d.rms("output_norm", s))
	return m
}

// sharedMixture is the mixture of DeepSeek (arXiv 2412.19437), whose metadata
// says how the router chooses.
func (d *Declaration) sharedMixture(s *Shape, shared int) *mixture {
	const softmax, sigmoid = 1, 2
	w := d.mixture(s, accel.SiLU)
	r := &w.routing
	r.Normalise = d.Bool("expert_weights_norm")
	r.Sigmoid = d.UintOr("expert_gating_func", softmax, softmax, sigmoid) == sigmoid
	r.Bias = d.VectorIf("exp_probs_b.bias", r.Experts)
	d.group(r)
	d.sharedExpert(w, s, shared)
	return w
}
