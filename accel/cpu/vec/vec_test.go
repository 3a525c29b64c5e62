package vec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func random(t testing.TB, r *rand.Rand, n int, scale float64) []float32 {
	x := guarded[float32](t, n)
	for i := range x {
		x[i] = float32(r.NormFloat64() * scale)
	}
	return x
}

// near fails unless got is within a relative error of want, or an absolute
// error of tol times floor.
func near(t *testing.T, what string, got float32, want, tol, floor float64) {
	t.Helper()
	if math.IsNaN(want) && got != got || float64(got) == want {
		return
	}
	if e := math.Abs(float64(got) - want); !(e <= tol*max(math.Abs(want), floor)) {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
}

// lengths covers every tail of every vector width, and the way in and out of
// unrolled loops.
func lengths(t *testing.T, f func(t *testing.T, n int, r *rand.Rand)) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 258 {
		f(t, n, r)
	}
	f(t, 4096, r)
	f(t, 5003, r)
}

func TestArith(t *testing.T) { everyTier(t, testArith) }

func testArith(t *testing.T) {
	lengths(t, func(t *testing.T, n int, r *rand.Rand) {
		x, y := random(t, r, n, 1), random(t, r, n, 1)
		for _, op := range []struct {
			name string
			f    func(dst, x []float32)
			want func(d, x float64) float64
		}{
			{"Add", Add, func(d, x float64) float64 { return d + x }},
			{"Mul", Mul, func(d, x float64) float64 { return d * x }},
			{"MulTo", func(d, x []float32) { MulTo(d, d, x) }, func(d, x float64) float64 { return d * x }},
			{"AddScaled", func(d, x []float32) { AddScaled(d, x, 0.3) }, func(d, x float64) float64 { return d + float64(float32(0.3))*x }},
			{"Scale", func(d, _ []float32) { Scale(d, 0.3) }, func(d, _ float64) float64 { return d * float64(float32(0.3)) }},
		} {
			d := append([]float32(nil), y...)
			op.f(d, x)
			for i := range d {
				near(t, fmt.Sprintf("%s[%d] of %d", op.name, i, n), d[i], op.want(float64(y[i]), float64(x[i])), 1e-6, 0.1)
			}
		}
		var dot, size, biggest float64
		top := math.Inf(-1)
		for i := range x {
			dot += float64(x[i]) * float64(y[i])
			size += math.Abs(float64(x[i]) * float64(y[i]))
			biggest = max(biggest, math.Abs(float64(x[i])))
			top = max(top, float64(x[i]))
		}
		near(t, "Dot", Dot(x, y), dot, 1e-6, size)
		near(t, "MaxAbs", MaxAbs(x), biggest, 0, 0)
		near(t, "Max", Max(x), top, 0, 0)
	})
}

func TestArgMax(t *testing.T) { everyTier(t, testArgMax) }

func testArgMax(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		x    []float32
		want int
	}{
		{nil, -1},
		{[]float32{nan, nan}, -1},
		{[]float32{nan, -inf}, 1},
		{[]float32{3, 7, 7, 1}, 1},
		{[]float32{nan, 2, nan, 5, nan}, 3},
		{[]float32{1, inf, inf}, 1},
		{[]float32{0, float32(math.Copysign(0, -1))}, 0},
	} {
		if got := ArgMax(c.x); got != c.want {
			t.Errorf("ArgMax(%v) = %d, want %d", c.x, got, c.want)
		}
	}
	lengths(t, func(t *testing.T, n int, r *rand.Rand) {
		x := guarded[float32](t, n)
		want := -1
		for i := range x {
			if x[i] = float32(r.IntN(n)); i%7 == 3 {
				x[i] = nan
			} else if want < 0 || x[i] > x[want] {
				want = i
			}
		}
		if got := ArgMax(x); got != want {
			t.Fatalf("ArgMax of %d = %d, want %d", n, got, want)
		}
	})
}

func TestNorms(t *testing.T) { everyTier(t, testNorms) }

func testNorms(t *testing.T) {
	const eps = 1e-5
	lengths(t, func(t *testing.T, n int, r *rand.Rand) {
		x, w, b := random(t, r, n, 3), random(t, r, n, 1), random(t, r, n, 1)
		var mean, sq, variance float64
		for i := range x {
			x[i] += 20 // a mean far from 0 is what LayerNorm can lose bits to
			mean += float64(x[i]) / float64(n)
			sq += float64(x[i]) * float64(x[i])
		}
		for i := range x {
			variance += (float64(x[i]) - mean) * (float64(x[i]) - mean) / float64(n)
		}
		rms, std := math.Sqrt(sq/float64(n)+eps), math.Sqrt(variance+eps)
		got := guarded[float32](t, n)
		each := func(what string, tol, floor float64, want func(i int) float64) {
			for i := range got {
				near(t, fmt.Sprintf("%s[%d] of %d", what, i, n), got[i], want(i), tol, floor)
			}
		}
		RMSNorm(got, x, w, eps)
		each("RMSNorm", 4e-7, 0, func(i int) float64 { return float64(x[i]) / rms * float64(w[i]) })
		RMSNorm(got, x, nil, eps)
		each("RMSNorm without w", 4e-7, 0, func(i int) float64 { return float64(x[i]) / rms })
		LayerNorm(got, x, w, b, eps)
		each("LayerNorm", 3e-6, 1, func(i int) float64 {
			return (float64(x[i])-mean)/std*float64(w[i]) + float64(b[i])
		})
		LayerNorm(got, x, nil, nil, eps)
		each("LayerNorm without w and b", 3e-6, 1, func(i int) float64 { return (float64(x[i]) - mean) / std })
		L2Norm(got, x, 1e-6)
		each("L2Norm", 4e-7, 0, func(i int) float64 { return float64(x[i]) / math.Sqrt(sq) })
		copy(got, x)
		RMSNorm(got, got, w, eps)
		each("RMSNorm in place", 4e-7, 0, func(i int) float64 { return float64(x[i]) / rms * float64(w[i]) })
	})
}

func TestRope(t *testing.T) { everyTier(t, testRope) }

func testRope(t *testing.T) {
	lengths(t, func(t *testing.T, n int, r *rand.Rand) {
		const heads = 3
		dim := 2*n + 5 // the rest of a head stays as it is
		cos, sin := random(t, r, n, 1), random(t, r, n, 1)
		for _, interleaved := range []bool{false, true} {
			x := random(t, r, heads*dim, 1)
			got := append([]float32(nil), x...)
			RopeHeads(got, heads, dim, cos, sin, interleaved)
			for h := range heads {
				for i := range n {
					a, b := h*dim+i, h*dim+i+n
					if interleaved {
						a, b = h*dim+2*i, h*dim+2*i+1
					}
					xa, xb, c, s := float64(x[a]), float64(x[b]), float64(cos[i]), float64(sin[i])
					near(t, "Rope first", got[a], xa*c-xb*s, 1e-6, 1)
					near(t, "Rope second", got[b], xa*s+xb*c, 1e-6, 1)
				}
				for i := 2 * n; i < dim; i++ {
					near(t, "Rope rest", got[h*dim+i], float64(x[h*dim+i]), 0, 0)
				}
			}
		}
	})
}
