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
	return d.preNorm(m, d.rms,
		func(int) block { return d.attention(s, rope) },
		func(int) block { return d.gatedFFN(s, accel.GELU) })
}
