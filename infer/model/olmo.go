package model

import (
	"fmt"

	"github.com/runnel-chat/runnel/accel"
)

// olmo is OLMo (arXiv 2402.00838): Llama's layer with LayerNorms that have no
// weights.
func olmo(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	if d.FloatOr("attention.clamp_kqv", 0, 0, 1e6) != 0 {
		d.fail(fmt.Errorf("model: clamped queries, keys and values are %w", ErrUnsupported))
	}
	rope := d.rope(s.DK, true)
	plain := norm{kind: layerNorm, eps: s.Eps}
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(int) Layer {
		return residual{
			{pre: plain, block: d.attention(s, rope)},
			{pre: plain, block: d.gatedFFN(s, accel.SiLU)},
		}
	})
	d.output(m, plain)
	return m
}

// olmoe is OLMoE (arXiv 2409.02060): experts, and one norm over all heads of q,
// and of k.
func olmoe(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	return d.preNorm(m, d.rms,
		func(int) block { return d.widthNorms(d.attention(s, rope)) },
		func(int) block { return d.mixture(s, accel.SiLU) })
}
