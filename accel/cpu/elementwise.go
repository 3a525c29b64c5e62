package cpu

import (
	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// clampLimit is the limit of accel.ClampedSwiGLU.
const clampLimit = 7

// glu leaves act(gate)*up in gate.
func glu(act accel.Activation, gate, up []float32) {
	switch act {
	case accel.SiLU:
		vec.SiLUMul(gate, gate, up)
	case accel.GELU:
		vec.GELUMul(gate, gate, up)
	case accel.GELUErf:
		vec.GELUErfMul(gate, gate, up)
	case accel.ReLU2:
		vec.ReLU2(gate, gate)
		vec.Mul(gate, up)
	case accel.Sigmoid:
		vec.SigmoidMul(gate, gate, up)
	case accel.ClampedSwiGLU:
		vec.ClampedSwiGLU(gate, gate, up, clampLimit)
	default:
		panic("cpu: an activation without a kernel")
	}
}

// activate leaves act(x) in x.
func activate(act accel.Activation, x []float32) {
	switch act {
	case accel.SiLU:
		vec.SiLU(x, x)
	case accel.GELU:
		vec.GELU(x, x)
	case accel.GELUErf:
		vec.GELUErf(x, x)
	case accel.ReLU2:
		vec.ReLU2(x, x)
	case accel.Sigmoid:
		vec.Sigmoid(x, x)
	default:
		panic("cpu: an activation without a kernel")
	}
}

// Activate applies act to every value.
func (b *Backend) Activate(act accel.Activation, x accel.Tensor) {
	b.flush()
	j := &b.rows
	j.x, j.act = x, act
	j.deal(x.Rows, 4*len(x.Data), 1, func(j *rowJob, from, to int) {
		activate(j.act, j.x.Slice(from, to).Data)
	})
}

// Mul multiplies dst by x.
func (b *Backend) Mul(dst, x accel.Tensor) {
	b.flush()
	j := &b.rows
	j.dst, j.x = dst, x
	j.deal(x.Rows, len(x.Data), 1, func(j *rowJob, from, to int) {
		vec.Mul(j.dst.Slice(from, to).Data, j.x.Slice(from, to).Data)
	})
}

// Clear zeroes every value.
func (b *Backend) Clear(x accel.Tensor) {
	b.flush()
	clear(x.Data)
}

// Scale multiplies every value.
func (b *Backend) Scale(x accel.Tensor, s float32) {
	b.flush()
	j := &b.rows
	j.x, j.eps = x, s
	j.deal(x.Rows, len(x.Data), 1, func(j *rowJob, from, to int) {
		vec.Scale(j.x.Slice(from, to).Data, j.eps)
	})
}

// ScaleRows multiplies each row by a value of its own.
func (b *Backend) ScaleRows(x, s accel.Tensor) {
	b.flush()
	j := &b.rows
	j.x, j.w = x, s.Data
	j.deal(x.Rows, len(x.Data), 1, func(j *rowJob, from, to int) {
		for i := from; i < to; i++ {
			vec.Scale(j.x.Row(i), j.w[i])
		}
	})
}

// SoftCap bends every value into ±limit.
func (b *Backend) SoftCap(x accel.Tensor, limit float32) {
	b.flush()
	j := &b.rows
	j.x, j.eps = x, limit
	j.deal(x.Rows, 4*len(x.Data), 1, func(j *rowJob, from, to int) {
		vec.SoftCap(j.x.Slice(from, to).Data, j.eps)
	})
}

// Copy copies columns.
func (b *Backend) Copy(dst accel.Tensor, to int, x accel.Tensor, from, cols int) {
	b.flush()
	j := &b.rows
	j.dst, j.x, j.to, j.from, j.cols = dst, x, to, from, cols
	j.deal(x.Rows, x.Rows*cols, 1, func(j *rowJob, from, to int) {
		for i := from; i < to; i++ {
			copy(j.dst.Row(i)[j.to:j.to+j.cols], j.x.Row(i)[j.from:])
		}
	})
}
