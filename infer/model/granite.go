package model

import (
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// granite is Granite 3 and later (arXiv 2408.13359): Llama's layer with four
// multipliers, on the embeddings, the scores, what each block adds, and the
// logits.
func granite(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	m.start = scaleStream(float32(d.FloatOr("embedding_scale", 1, 1e-6, 1e6)))
	m.scale = 1 / float32(d.FloatOr("logit_scale", 1, 1e-6, 1e6))
	scale := float32(d.FloatOr("residual_scale", 1, 1e-6, 1e6))
	score := float32(d.FloatOr("attention.scale", 1/math.Sqrt(float64(s.DK)), 1e-6, 1e6))
	rope := d.rope(s.DK, true)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		norm := d.rms("attn_norm", s)
		attn := d.attention(s, rope)
		attn.Scale = score
		return residual{
			{pre: norm, block: attn, scale: scale},
			{pre: d.rms("ffn_norm", s), block: d.gatedFFN(s, accel.SiLU), scale: scale},
		}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
