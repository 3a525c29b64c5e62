package cpu

import (
	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// LayerNorm normalises every row.
func (b *Backend) LayerNorm(dst, x accel.Tensor, w, bias []float32, eps float32) {
	b.flush()
	j := &b.rows
	j.dst, j.x, j.w, j.bias, j.eps = dst, x, w, bias, eps
	j.deal(x.Rows, len(x.Data), 1, func(j *rowJob, from, to int) {
		for i := from; i < to; i++ {
			w := j.w
			if n := j.x.Cols; len(w) > n { // rows take turns
				w = w[i%(len(w)/n)*n:][:n]
			}
			vec.LayerNorm(j.dst.Row(i), j.x.Row(i), w, j.bias, j.eps)
		}
	})
}

// L2Norm brings every row to length 1.
func (b *Backend) L2Norm(x accel.Tensor, eps float32) {
	b.flush()
	j := &b.rows
	j.x, j.eps = x, eps
	j.deal(x.Rows, len(x.Data), 1, func(j *rowJob, from, to int) {
		for i := from; i < to; i++ {
			vec.L2Norm(j.x.Row(i), j.x.Row(i), j.eps)
		}
	})
}
