package vec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// sweep returns every float32 of both signs in steps of a prime number of
// units in the last place, from denormals to Inf.
func sweep(step uint32) []float32 {
	var x []float32
	for b := uint32(0); b <= 0x7f800000; b += step {
		f := math.Float32frombits(b)
		x = append(x, f, -f)
	}
	inf := float32(math.Inf(1))
	return append(x, inf, -inf, float32(math.NaN()), 0, 88.72283, 88.72284, -87.33654, -103.97, -103.98)
}

// smallest is the least normal float32; below it a relative error means
// nothing.
const smallest = 0x1p-126

func TestExp(t *testing.T) { everyTier(t, testExp) }

func testExp(t *testing.T) {
	x := sweep(10007)
	got := make([]float32, len(x))
	Exp(got, x)
	for i, v := range x {
		want := math.Exp(float64(v))
		if want > math.MaxFloat32 {
			want = math.Inf(1)
		}
		near(t, fmt.Sprintf("exp(%v)", v), got[i], want, 2e-7, smallest)
	}
	var worst float64
	for i, v := range x {
		if want := math.Exp(float64(v)); want > smallest && want < math.MaxFloat32 {
			worst = max(worst, math.Abs(float64(got[i])/want-1))
		}
	}
	t.Logf("largest relative error %.3g", worst)
}

func TestActivations(t *testing.T) { everyTier(t, testActivations) }

func testActivations(t *testing.T) {
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	silu := func(x float64) float64 { return x * sigmoid(x) }
	gelu := func(x float64) float64 {
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	}
	erf := func(x float64) float64 { return 0.5 * x * math.Erfc(-x/math.Sqrt2) }
	relu2 := func(x float64) float64 { return max(x, 0) * max(x, 0) }
	lengths(t, func(t *testing.T, n int, r *rand.Rand) {
		gate, up := random(t, r, n, 4), random(t, r, n, 1)
		got := guarded[float32](t, n)
		each := func(what string, want func(g, u float64) float64) {
			for i := range got {
				near(t, fmt.Sprintf("%s(%v) [%d] of %d", what, gate[i], i, n), got[i], want(float64(gate[i]), float64(up[i])), 1e-6, 0.01)
			}
		}
		for _, act := range []struct {
			name  string
			plain func(dst, x []float32)
			gated func(dst, gate, up []float32)
			want  func(x float64) float64
		}{
			{"SiLU", SiLU, SiLUMul, silu},
			{"GELU", GELU, GELUMul, gelu},
			{"GELUErf", GELUErf, GELUErfMul, erf},
			{"ReLU2", ReLU2, nil, relu2},
			{"Sigmoid", nil, SigmoidMul, sigmoid},
		} {
			if act.plain != nil {
				act.plain(got, gate)
				each(act.name, func(g, _ float64) float64 { return act.want(g) })
			}
			if act.gated != nil {
				act.gated(got, gate, up)
				each(act.name+"Mul", func(g, u float64) float64 { return act.want(g) * u })
				copy(got, gate)
				act.gated(got, got, up)
				each(act.name+"Mul in place", func(g, u float64) float64 { return act.want(g) * u })
			}
		}
		ClampedSwiGLU(got, gate, up, 2)
		each("ClampedSwiGLU", func(g, u float64) float64 {
			g, u = min(g, 2), max(min(u, 2), -2)
			return g * sigmoid(1.702*g) * (u + 1)
		})
		copy(got, gate)
		SoftCap(got, 3)
		each("SoftCap", func(g, _ float64) float64 { return 3 * math.Tanh(g/3) })
	})
}

// Large arguments saturate and NaN stays NaN, at every place in a vector.
func TestActivationsSaturate(t *testing.T) { everyTier(t, testActivationsSaturate) }

func testActivationsSaturate(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name       string
		f          func(dst, x []float32)
		lo, hi, in float32 // what -in and in become
	}{
		{"SiLU", SiLU, 0, 200, 200},
		{"GELU", GELU, 0, 1e4, 1e4},
		{"GELUErf", GELUErf, 0, 1e4, 1e4},
		{"SoftCap", func(dst, x []float32) { copy(dst, x); SoftCap(dst, 30) }, -30, 30, float32(math.Inf(1))},
		{"Exp", Exp, 0, float32(math.Inf(1)), float32(math.Inf(1))},
	} {
		for n := 1; n < 40; n++ {
			x, got := guarded[float32](t, n), make([]float32, n)
			for i := range x {
				x[i] = []float32{-c.in, c.in, nan}[i%3]
			}
			c.f(got, x)
			for i, v := range got {
				want := []float32{c.lo, c.hi, nan}[i%3]
				if v != want && (v == v || want == want) && math.Abs(float64(v-want)) > 1e-30 {
					t.Errorf("%s(%v) = %v, want %v", c.name, x[i], v, want)
				}
			}
		}
	}
}

func TestSoftmax(t *testing.T) { everyTier(t, testSoftmax) }

func testSoftmax(t *testing.T) {
	lengths(t, func(t *testing.T, n int, r *rand.Rand) {
		x := random(t, r, n, 5)
		for i := range x {
			x[i] += 1000 // only differences count
			if i%5 == 2 {
				x[i] = float32(math.Inf(-1))
			}
		}
		var sum float64
		for _, v := range x {
			sum += math.Exp(float64(v) - 1000)
		}
		got := append([]float32(nil), x...)
		Softmax(got)
		for i, v := range x {
			near(t, "Softmax", got[i], math.Exp(float64(v)-1000)/sum, 2e-6, 1e-30)
		}
	})
	x := []float32{float32(math.Inf(-1)), float32(math.Inf(-1))}
	if Softmax(x); x[0] != 0 || x[1] != 0 {
		t.Errorf("Softmax of nothing but -Inf = %v", x)
	}
}
