package model

import (
	"fmt"
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// rope reads the rotary embedding of the heads: its base, its scaling and,
// where the file has them, factors for each frequency.
func (d *Declaration) rope(headDim int, interleaved bool) *accel.Rope {
	d.multiSection()
	dims := d.rotated("rope.dimension_count", headDim)
	base := d.FloatOr("rope.freq_base", 10_000, 1e-3, 1e12)
	if d.err != nil {
		return nil
	}
	freqs := frequencies(base, dims)
	d.divide(freqs, "rope_freqs.weight")
	r := &accel.Rope{Magnitude: 1, Interleaved: interleaved}
	d.scale(r, freqs, base)
	r.Freqs = singles(freqs)
	return r
}

// multiSection tells whether pairs of a head turn by different axes of an image
// (arXiv 2409.12191). Text moves along the first three at once, which makes it a
// rope like any other; along the fourth it stays.
func (d *Declaration) multiSection() bool {
	const key = "rope.dimension_sections"
	if !d.File.Has(d.key(key)) {
		return false
	}
	pairs, err := d.File.Ints(d.key(key))
	if err != nil {
		d.fail(err)
	}
	if len(pairs) > 3 && pairs[3] != 0 {
		d.fail(fmt.Errorf("model: a rope with %d sections is %w", len(pairs), ErrUnsupported))
	}
	return len(pairs) > 1 && pairs[1] > 0
}

// plainRope is rope without scaling, with a base and dimensions of its own.
func plainRope(base float64, dims int, interleaved bool) *accel.Rope {
	return &accel.Rope{Magnitude: 1, Interleaved: interleaved, Freqs: singles(frequencies(base, dims))}
}

// rotated reads how many values of a head are turned.
func (d *Declaration) rotated(key string, headDim int) int {
	dims := d.UintOr(key, headDim, 1, uint64(max(1, headDim)))
	if dims%2 != 0 {
		d.fail(fmt.Errorf("model: %d rotated dimensions do not make pairs", dims))
	}
	return dims
}

// frequencies are those of arXiv 2104.09864: base^(-2i/dims).
func frequencies(base float64, dims int) []float64 {
	freqs := make([]float64, dims/2)
	for i := range freqs {
		freqs[i] = math.Pow(base, -float64(2*i)/float64(dims))
	}
	return freqs
}

func singles(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

// divide divides the frequencies by the factors of a tensor, if it is there:
// Llama 3.1's long context, the long ropes of phi3, the heads of gemma4 that
// turn in part only.
func (d *Declaration) divide(freqs []float64, name string) {
	layer := d.layer
	d.layer = -1 // the tensor lies outside the layers
	defer func() { d.layer = layer }()
	for i, f := range d.VectorIf(name, len(freqs)) {
		if !(f > 0) {
			d.fail(fmt.Errorf("model: %s[%d] is %g", name, i, f))
			return
		}
		freqs[i] /= float64(f)
	}
}

// scale stretches the frequencies for contexts longer than the trained one.
func (d *Declaration) scale(r *accel.Rope, freqs []float64, base float64) {
	def := "none"
	switch {
	case d.Has("rope_factors_long.weight"):
		def = "longrope"
	case d.File.Has(d.key("rope.scaling.factor")) || d.File.Has(d.key("rope.scale_linear")):
		def = "linear"
	}
	kind := d.StringOr("rope.scaling.type", def)
	factor := d.FloatOr("rope.scaling.factor", d.FloatOr("rope.scale_linear", 1, 0, 1e6), 0, 1e6)
	if factor == 0 {
		factor = 1 // some files write 0 for none
	}
	switch kind {
	case "none":
	case "linear": // arXiv 2306.15595
		for i := range freqs {
			freqs[i] /= factor
		}
	case "yarn":
		d.yarn(r, freqs, base, factor)
	case "longrope":
		d.longRope(r, freqs)
	default:
		kinds := []string{"none", "linear", "yarn", "longrope"}
		d.fail(fmt.Errorf("model: rope scaling %q is %w (the nearest that is: %s)",
			kind, ErrUnsupported, nearest(kind, kinds)))
	}
}

// longRope divides each frequency by a factor of its own: one set for contexts
// of the trained length, another beyond (arXiv 2402.13753).
func (d *Declaration) longRope(r *accel.Rope, freqs []float64) {
	trained := d.UintOr("rope.scaling.original_context_length", d.context(), 1, 1<<31)
	name := "rope_factors_short.weight"
	if d.context() > trained {
		name = "rope_factors_long.weight"
	}
	d.divide(freqs, name)
	r.Magnitude = float32(d.FloatOr("rope.scaling.attn_factor", 1, 0, 100))
}

// context is the number of positions that will be used.
func (d *Declaration) context() int {
	if d.Context > 0 {
		return d.Context
	}
	return d.Uint("context_length", 1, 1<<31)
}

// yarn keeps the fast frequencies, which tell neighbours apart, interpolates
// the slow ones, which never turned fully in training, and blends between
// (arXiv 2309.00071).
func (d *Declaration) yarn(r *accel.Rope, freqs []float64, base, factor float64) {
	trained := d.UintOr("rope.scaling.original_context_length", d.Uint("context_length", 1, 1<<31), 1, 1<<31)
	fast := d.FloatOr("rope.scaling.yarn_beta_fast", 32, 0, 1e6)
	slow := d.FloatOr("rope.scaling.yarn_beta_slow", 1, 0, 1e6)
	dims := float64(2 * len(freqs))
	// pair returns the index whose wave turns the given number of times over
	// the trained context.
	pair := func(turns float64) float64 {
		return dims * math.Log(float64(trained)/(turns*2*math.Pi)) / (2 * math.Log(base))
	}
	low := max(0, math.Floor(pair(fast)))
	high := min(dims-1, math.Ceil(pair(slow)))
	for i := range freqs {
		ramp := (float64(i) - low) / max(0.001, high-low)
		keep := 1 - min(1, max(0, ramp))
		freqs[i] = freqs[i]/factor*(1-keep) + freqs[i]*keep
	}
	// What the log multiplier says of the scores, the magnitude leaves out.
	log := 0.1 * math.Log(factor)
	multiplier := d.FloatOr("rope.scaling.yarn_log_multiplier", 0, 0, 100)
	r.Magnitude = float32((1 + log) / (1 + multiplier*log) * d.FloatOr("rope.scaling.attn_factor", 1, 0, 100))
}
