package cpu

import (
	"math"
	"sync/atomic"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// Conv convolves each column with its own weights.
func (b *Backend) Conv(dst, x accel.Tensor, w []float32, before, after []float32) {
	b.flush()
	j := &b.rows
	j.dst, j.x, j.w, j.bias, j.cols = dst, x, w, before, len(w)/x.Cols
	j.deal(x.Rows, len(w)*x.Rows, 1, func(j *rowJob, from, to int) {
		for t := from; t < to; t++ {
			j.convolve(t)
		}
	})
	k := j.cols
	for i := range k - 1 {
		to := after[i*x.Cols:][:x.Cols]
		clear(to[copy(to, j.history(x.Rows-k+1+i)):])
	}
}

// history is row t of x, or of what came before it; nil for zeros.
func (j *rowJob) history(t int) []float32 {
	if t >= 0 {
		return j.x.Row(t)
	}
	if j.bias == nil {
		return nil
	}
	t += j.cols - 1
	return j.bias[t*j.x.Cols:][:j.x.Cols]
}

// convolve makes row t.
func (j *rowJob) convolve(t int) {
	dst, k := j.dst.Row(t), j.cols
	clear(dst)
	for i := range k {
		for c, x := range j.history(t - k + 1 + i) {
			dst[c] += j.w[c*k+i] * x
		}
	}
}

// deltaJob is a delta rule over all heads; a worker takes whole heads.
type deltaJob struct {
	dst, q, k, v, alpha, beta accel.Tensor
	c                         *accel.Delta
	before, after             []float32
	next                      atomic.Int64
}

// DeltaRule takes the states of all heads through the tokens.
func (b *Backend) DeltaRule(dst, q, k, v, alpha, beta accel.Tensor, c *accel.Delta, before, after []float32) {
	b.flush()
	j := &b.delta
	j.dst, j.q, j.k, j.v, j.alpha, j.beta = dst, q, k, v, alpha, beta
	j.c, j.before, j.after = c, before, after
	j.next.Store(0)
	b.pool.run(j)
}

func (j *deltaJob) run(int) {
	for {
		h := int(j.next.Add(1) - 1)
		if h >= j.c.VHeads {
			return
		}
		j.head(h)
	}
}

// head takes one head through all tokens.
func (j *deltaJob) head(h int) {
	c := j.c
	kh := h / (c.VHeads / c.KHeads)
	if c.Modulo {
		kh = h % c.KHeads
	}
	size := c.DV * c.DK
	state := j.after[h*size : (h+1)*size]
	if j.before == nil {
		clear(state)
	} else {
		copy(state, j.before[h*size:])
	}
	for t := range j.q.Rows {
		q, k := j.q.Row(t)[kh*c.DK:][:c.DK], j.k.Row(t)[kh*c.DK:][:c.DK]
		v, out := j.v.Row(t)[h*c.DV:][:c.DV], j.dst.Row(t)[h*c.DV:][:c.DV]
		decay := float32(math.Exp(float64(c.A[h]) * softplus(float64(j.alpha.Row(t)[h]+c.DT[h]))))
		beta := float32(1 / (1 + math.Exp(-float64(j.beta.Row(t)[h]))))
		for i := range c.DV {
			row := state[i*c.DK : (i+1)*c.DK]
			vec.Scale(row, decay)
			vec.AddScaled(row, k, beta*(v[i]-vec.Dot(row, k)))
			out[i] = vec.Dot(row, q) * c.Scale
		}
	}
}

func softplus(x float64) float64 {
	if x > 30 {
		return x
	}
	return math.Log1p(math.Exp(x))
}
