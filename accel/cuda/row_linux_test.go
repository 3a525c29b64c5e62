package cuda_test

import (
	"fmt"
	"testing"

	"github.com/runnel-chat/runnel/accel"
)

// shapes has edges of warps and of blocks of threads.
var shapes = [][2]int{{1, 1}, {1, 31}, {3, 32}, {2, 33}, {5, 255}, {1, 257}, {7, 1024}, {1, 4097}}

// TestRowOperations compares each operation on rows with the host's.
func TestRowOperations(t *testing.T) {
	p := newPair(t)
	for _, s := range shapes {
		rows, cols := s[0], s[1]
		w, bias := p.vector(cols), p.vector(cols)
		for name, f := range map[string]func(b accel.Backend, x, y, s accel.Tensor){
			"rmsNorm":            func(b accel.Backend, x, y, _ accel.Tensor) { b.RMSNorm(x, y, w, 1e-5) },
			"rmsNorm in place":   func(b accel.Backend, x, _, _ accel.Tensor) { b.RMSNorm(x, x, nil, 1e-5) },
			"layerNorm":          func(b accel.Backend, x, y, _ accel.Tensor) { b.LayerNorm(x, y, w, bias, 1e-2) },
			"layerNorm in place": func(b accel.Backend, x, _, _ accel.Tensor) { b.LayerNorm(x, x, nil, nil, 1e-2) },
			"l2Norm":             func(b accel.Backend, x, _, _ accel.Tensor) { b.L2Norm(x, 1e-6) },
			"add":                func(b accel.Backend, x, y, _ accel.Tensor) { b.Add(x, y) },
			"mul":                func(b accel.Backend, x, y, _ accel.Tensor) { b.Mul(x, y) },
			"clear":              func(b accel.Backend, x, _, _ accel.Tensor) { b.Clear(x) },
			"scale":              func(b accel.Backend, x, _, _ accel.Tensor) { b.Scale(x, -1.5) },
			"scaleRows":          func(b accel.Backend, x, _, s accel.Tensor) { b.ScaleRows(x, s) },
			"softCap":            func(b accel.Backend, x, _, _ accel.Tensor) { b.SoftCap(x, 0.5) },
			"addBias":            func(b accel.Backend, x, _, _ accel.Tensor) { b.AddBias(x, bias) },
			"copy":               func(b accel.Backend, x, y, _ accel.Tensor) { b.Copy(x, cols/3, y, cols/4, cols/2) },
			"copy a part":        func(b accel.Backend, x, y, _ accel.Tensor) { b.Add(x.Slice(0, 1), y.Slice(rows-1, rows)) },
		} {
			x, hx := p.tensors(rows, cols)
			y, hy := p.tensors(rows, cols)
			s, hs := p.tensors(rows, 1)
			f(p.cuda, x, y, s)
			f(p.host, hx, hy, hs)
			p.equal(fmt.Sprintf("%s of %d x %d", name, rows, cols), x, hx, 2e-5)
		}
	}
	p.onDevice()
}

// TestNormOfEachHead has weights of its own for each of three heads.
func TestNormOfEachHead(t *testing.T) {
	p := newPair(t)
	w := p.vector(3 * 33)
	x, hx := p.tensors(12, 33)
	y, hy := p.tensors(12, 33)
	p.cuda.LayerNorm(x, y, w, nil, 1e-2)
	p.host.LayerNorm(hx, hy, w, nil, 1e-2)
	p.equal("another tensor", x, hx, 2e-5)
	p.cuda.LayerNorm(y, y, w, nil, 1e-2)
	p.host.LayerNorm(hy, hy, w, nil, 1e-2)
	p.equal("in place", y, hy, 2e-5)
	p.onDevice()
}

// TestActivations compares each activation, alone and gated, over the values
// where it bends and where it ends.
func TestActivations(t *testing.T) {
	p := newPair(t)
	for act := accel.SiLU; act <= accel.ClampedSwiGLU; act++ {
		for _, wide := range []float32{1, 10, 100} {
			x, hx := p.tensors(3, 500)
			y, hy := p.tensors(3, 500)
			p.cuda.Scale(x, wide)
			p.host.Scale(hx, wide)
			p.cuda.GLU(act, x, y)
			p.host.GLU(act, hx, hy)
			p.equal(fmt.Sprintf("glu %d", act), x, hx, 1e-5)
			if act != accel.ClampedSwiGLU {
				p.cuda.Activate(act, y)
				p.host.Activate(act, hy)
				p.equal(fmt.Sprintf("activation %d", act), y, hy, 1e-5)
			}
		}
	}
	p.onDevice()
}

// TestRope compares rotations, also far out, where a float would have lost the
// angle.
func TestRope(t *testing.T) {
	p := newPair(t)
	for _, r := range []accel.Rope{
		{Freqs: []float32{1}, Magnitude: 1},
		{Freqs: []float32{1, 0.1, 0.01, 1e-3}, Magnitude: 1.25},
		{Freqs: []float32{1, 0.1, 0.01, 1e-3}, Magnitude: 1, Interleaved: true},
		{Freqs: []float32{0.5, 0.3}, Magnitude: 1, From: 3},
		{Freqs: []float32{0.5, 0.3}, Magnitude: 1, From: 4, Interleaved: true},
	} {
		for _, n := range []int{1, 2, 65} {
			for _, pos := range []int{0, 7, 100_003} {
				x, hx := p.tensors(n, 3*8)
				p.cuda.Rotate(x, 8, &r, pos)
				p.host.Rotate(hx, 8, &r, pos)
				p.equal(fmt.Sprintf("%d rows at %d", n, pos), x, hx, 1e-5)
			}
		}
	}
	p.onDevice()
}

// TestRoutedRows compares what a mixture does with rows.
func TestRoutedRows(t *testing.T) {
	p := newPair(t)
	for _, cols := range []int{1, 33, 300} {
		r := accel.Routes{Row: []int32{0, 2, 1, 2, 0}, Expert: []int32{0, 0, 1, 3, 3}, Weight: p.vector(5)}
		x, hx := p.tensors(3, cols)
		picked, hpicked := p.tensors(5, cols)
		bias := p.vector(4 * cols)
		p.cuda.Gather(picked, x, &r)
		p.host.Gather(hpicked, hx, &r)
		p.equal("gather", picked, hpicked, 0)
		p.cuda.AddBiasRouted(picked, bias, &r)
		p.host.AddBiasRouted(hpicked, bias, &r)
		p.equal("bias", picked, hpicked, 0)
		p.cuda.Scatter(x, picked, &r)
		p.host.Scatter(hx, hpicked, &r)
		p.equal("scatter", x, hx, 1e-6)
	}
	p.onDevice()
}
