package model

import (
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// gemma3 is Gemma 3 (arXiv 2503.19786): five layers with a window and a short
// rope, then one that sees everything with a long one. Norms of the heads of q
// and k take the place of Gemma 2's caps.
func gemma3(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	m.start = scaleStream(float32(math.Sqrt(float64(s.Embd))))
	m.cap = float32(d.FloatOr("final_logit_softcapping", 0, 0, 1e6))
	window := d.Uint("attention.sliding_window", 1, 1<<31)
	global := d.rope(s.DK, false)
	local := plainRope(d.FloatOr("rope.freq_base_swa", 10_000, 1e-3, 1e12), s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		norm := d.rms("attn_norm", s)
		attn := d.attention(s, global)
		d.headNorms(attn)
		if s.Layers == 62 { // the 27B model
			attn.Scale = float32(1 / math.Sqrt(float64(s.Embd/s.Heads)))
		}
		if (l+1)%6 != 0 {
			attn.rope = local
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
