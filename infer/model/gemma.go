package model

import (
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// gemma is Gemma 1 (arXiv 2403.08295): embeddings scaled by √embd, GELU in the
// gate, heads wider than embd/heads. The weights of its norms are stored with
// their 1 added.
func gemma(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	m.start = scaleStream(float32(math.Sqrt(float64(s.Embd))))
	rope := d.rope(s.DK, false)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		return residual{
			{pre: d.rms("attn_norm", s), block: d.attention(s, rope)},
			{pre: d.rms("ffn_norm", s), block: d.gatedFFN(s, accel.GELU)},
		}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
