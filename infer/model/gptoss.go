package model

import "github.com/runnel-chat/runnel/accel"

// gptOSS is gpt-oss (arXiv 2508.10925): every other layer has a window, each
// head has a sink that takes a share of the softmax, everything has a bias,
// and the experts' activation is clamped. The norm before the experts is
// stored as that after attention.
func gptOSS(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	rope := d.rope(s.DK, false)
	window := d.Uint("attention.sliding_window", 1, 1<<31)
	return d.preNorm(m, d.rms,
		func(l int) block {
			attn := d.attention(s, rope)
			attn.Sinks = d.Vector("attn_sinks.weight", s.Heads)
			if l%2 == 0 {
				d.window(attn, window)
			}
			return attn
		},
		func(int) block {
			ffn := d.mixture(s, accel.ClampedSwiGLU)
			ffn.routing.OfChosen = true
			return ffn
		})
}
