package model

import (
	"fmt"

	"github.com/runnel-chat/runnel/accel"
)

// llama is Llama 1 to 3 and the many models of its shape (arXiv 2302.13971,
// 2407.21783): pre-norm, grouped queries, rotary positions over interleaved
// pairs, SwiGLU. Fine-tunes with biases on the projections exist.
func llama(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	if n := d.UintOr("expert_count", 0, 0, 4096); n > 0 {
		d.fail(fmt.Errorf("model: a llama of %d experts is %w", n, ErrUnsupported))
	}
	rope := d.rope(s.DK, true)
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		return residual{
			{pre: d.rms("attn_norm", s), block: d.attention(s, rope)},
			{pre: d.rms("ffn_norm", s), block: d.gatedFFN(s, accel.SiLU)},
		}
	})
	d.output(m, d.rms("output_norm", s))
	return m
}
