package model

import (
	"fmt"
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// rope reads the rotary embedding of the heads: its base, its scaling and,
// where the file has them, factors for each frequency.
func (d *Declaration) rope(headDim int, interleaved bool) *accel.Rope {
	dims := d.UintOr("rope.dimension_count", headDim, 1, uint64(max(1, headDim)))
	base := d.FloatOr("rope.freq_base", 10_000, 1e-3, 1e12)
	if d.err != nil {
		return nil
	}
	if dims%2 != 0 {
		d.fail(fmt.Errorf("model: %d rotated dimensions do not make pairs", dims))
		return nil
	}
	freqs := make([]float64, dims/2)
	for i := range freqs {
		freqs[i] = math.Pow(base, -float64(2*i)/float64(dims))
	}
	for i, f := range d.ropeFactors(len(freqs)) {
		freqs[i] /= float64(f)
	}
	r := &accel.Rope{Magnitude: 1, Interleaved: interleaved}
	d.scale(r, freqs, base)
	for _, f := range freqs {
		r.Freqs = append(r.Freqs, float32(f))
	}
	return r
}

// ropeFactors divide the frequencies (Llama 3.1's long context).
func (d *Declaration) ropeFactors(n int) []float32 {
	layer := d.layer
	d.layer = -1 // the tensor lies outside the layers
	defer func() { d.layer = layer }()
	factors := d.VectorIf("rope_freqs.weight", n)
	for i, f := range factors {
		if !(f > 0) {
			d.fail(fmt.Errorf("model: rope_freqs.weight[%d] is %g", i, f))
			return nil
		}
	}
	return factors
}

// scale stretches the frequencies for contexts longer than the trained one.
func (d *Declaration) scale(r *accel.Rope, freqs []float64, base float64) {
	def := "none"
	if d.File.Has(d.key("rope.scaling.factor")) || d.File.Has(d.key("rope.scale_linear")) {
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
	default:
		d.fail(fmt.Errorf("model: rope scaling %q is %w (supported: none, linear, yarn)", kind, ErrUnsupported))
	}
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
	r.Magnitude = float32((1 + 0.1*math.Log(factor)) * d.FloatOr("rope.scaling.attn_factor", 1, 0, 100))
}
