package model

import "math"

// granite is Granite 3 and later (arXiv 2408.13359), dense or with experts:
// Llama's layer with four multipliers, on the embeddings, the scores, what each
// block adds, and the logits.
func granite(d *Declaration) *Model {
	return scaledLlama(d, multipliers{embedding: 1, residual: 1, logit: 1})
}

// multipliers are what a file leaves out.
type multipliers struct{ embedding, residual, logit float64 }

func scaledLlama(d *Declaration, def multipliers) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	m.start = scaleStream(float32(d.FloatOr("embedding_scale", def.embedding, 1e-6, 1e6)))
	m.scale = 1 / float32(d.FloatOr("logit_scale", def.logit, 1e-6, 1e6))
	scale := float32(d.FloatOr("residual_scale", def.residual, 1e-6, 1e6))
	score := float32(d.FloatOr("attention.scale", 1/math.Sqrt(float64(s.DK)), 1e-6, 1e6))
	experts := d.UintOr("expert_count", 0, 0, 1<<16)
	shared := d.UintOr("expert_shared_feed_forward_length", 0, 0, maxDim)
	rope := d.rope(s.DK, true)
	if key := "rope.scaling.finetuned"; d.File.Has(d.key(key)) && !d.Bool(key) {
		rope = nil // how files say that a model knows no positions
	}
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		norm := d.rms("attn_norm", s)
		attn := d.attention(s, rope)
		attn.Scale = score
		ffnNorm := d.rms("ffn_norm", s)
		ffn := d.mixtral(s, experts)
		if w, ok := ffn.(*mixture); ok {
			d.sharedExpert(w, s, shared)
		}
		return residual{{pre: norm, block: attn, scale: scale}, {pre: ffnNorm, block: ffn, scale: scale}}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
