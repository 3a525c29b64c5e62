package model

import (
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// gemma2 is Gemma 2 (arXiv 2408.00118): Gemma with norms before and after each
// block, a window on every other layer, and scores and logits bent into a
// range.
func gemma2(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	m.start = scaleStream(float32(math.Sqrt(float64(s.Embd))))
	m.cap = float32(d.FloatOr("final_logit_softcapping", 30, 0, 1e6))
	limit := float32(d.FloatOr("attn_logit_softcapping", 50, 0, 1e6))
	window := d.UintOr("attention.sliding_window", 4096, 1, 1<<31)
	rope := d.rope(s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		norm := d.rms("attn_norm", s)
		attn := d.attention(s, rope)
		attn.SoftCap = limit
		if s.Layers == 46 { // the 27B model
			attn.Scale = float32(1 / math.Sqrt(float64(s.Embd/s.Heads)))
		}
		if l%2 == 0 {
			d.window(attn, window)
		}
		return residual{
			{pre: norm, block: attn, post: d.rms("post_attention_norm", s)},
			{pre: d.rms("ffn_norm", s), block: d.gatedFFN(s, accel.GELU), post: d.rms("post_ffw_norm", s)},
		}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
