package cuda_test

import (
	"fmt"
	"testing"

	"github.com/runnel-chat/runnel/accel"
)

// TestConv carries what a convolution looks back at from pass to pass, also
// where a pass is shorter than that.
func TestConv(t *testing.T) {
	for _, k := range []int{1, 2, 4} {
		for _, cols := range []int{1, 33, 300} {
			p := newPair(t)
			w := p.vector(k * cols)
			var before, hbefore []float32
			for i, n := range []int{1, 2, 1, 7, 1} {
				x, hx := p.tensors(n, cols)
				y, hy := p.tensors(n, cols)
				after, hafter := make([]float32, (k-1)*cols), make([]float32, (k-1)*cols)
				p.cuda.Conv(y, x, w, before, after)
				p.host.Conv(hy, hx, w, hbefore, hafter)
				p.equal(fmt.Sprintf("pass %d of %d columns, %d back", i, cols, k-1), y, hy, 1e-5)
				before, hbefore = after, hafter
			}
			p.onDevice()
		}
	}
}

// TestDeltaRule carries matrices from pass to pass: partial warps of keys, rows
// of values that fill no block, key heads that are shared either way.
func TestDeltaRule(t *testing.T) {
	for _, c := range []accel.Delta{
		{KHeads: 1, VHeads: 1, DK: 1, DV: 1},
		{KHeads: 2, VHeads: 4, DK: 33, DV: 6},
		{KHeads: 2, VHeads: 4, DK: 128, DV: 9, Modulo: true},
		{KHeads: 1, VHeads: 2, DK: 200, DV: 4},
	} {
		p := newPair(t)
		c.Scale, c.A, c.DT = 0.5, p.vector(c.VHeads), p.vector(c.VHeads)
		for i := range c.A {
			c.A[i] = -c.A[i] * c.A[i]
		}
		c.DT[0] = 40 // where a softplus is its input
		size := c.VHeads * c.DV * c.DK
		var before, hbefore []float32
		for i, n := range []int{1, 3, 1, 20} {
			q, hq := p.tensors(n, c.KHeads*c.DK)
			k, hk := p.tensors(n, c.KHeads*c.DK)
			v, hv := p.tensors(n, c.VHeads*c.DV)
			alpha, halpha := p.tensors(n, c.VHeads)
			beta, hbeta := p.tensors(n, c.VHeads)
			for _, x := range []accel.Tensor{q, k} {
				p.cuda.L2Norm(x.Split(c.DK), 1e-6)
			}
			for _, x := range []accel.Tensor{hq, hk} {
				p.host.L2Norm(x.Split(c.DK), 1e-6)
			}
			y, hy := p.tensors(n, c.VHeads*c.DV)
			after, hafter := make([]float32, size), make([]float32, size)
			p.cuda.DeltaRule(y, q, k, v, alpha, beta, &c, before, after)
			p.host.DeltaRule(hy, hq, hk, hv, halpha, hbeta, &c, hbefore, hafter)
			p.equal(fmt.Sprintf("pass %d of %+v", i, c), y, hy, 1e-4)
			before, hbefore = after, hafter
		}
		p.onDevice()
	}
}

// TestStatesMove computes passes in turn on the device and, where that has no
// room for the next state, on the host.
func TestStatesMove(t *testing.T) {
	p := newPair(t)
	const cols, k = 64, 3
	w := p.vector(k * cols)
	var before, hbefore []float32
	pass := func(what string) {
		x, hx := p.tensors(2, cols)
		y, hy := p.tensors(2, cols)
		after, hafter := make([]float32, (k-1)*cols), make([]float32, (k-1)*cols)
		if what == "no room" {
			p.fill(256)
		}
		p.cuda.Conv(y, x, w, before, after)
		p.host.Conv(hy, hx, w, hbefore, hafter)
		p.equal(what, y, hy, 1e-5)
		before, hbefore = after, hafter
	}
	pass("on the device")
	pass("and again")
	pass("no room")
	if s := p.cuda.Stats(); s.NoRoom == 0 || s.Lost != "" {
		t.Errorf("there was room: %+v", s)
	}
}
