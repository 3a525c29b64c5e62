package cuda

import (
	"unsafe"

	"github.com/runnel-chat/runnel/accel"
)

// Route is the host's: what follows depends on it at once.
func (b *Backend) Route(r *accel.Routes, logits accel.Tensor, c *accel.Routing) {
	b.bring(logits)
	b.host.Route(r, logits, c)
}

// Foresee is the host's, as Route is.
func (b *Backend) Foresee(logits accel.Tensor, c *accel.Routing) {
	b.bring(logits)
	b.host.Foresee(logits, c)
}

// upload32 copies the columns of r that a kernel reads to the device: numbers
// of rows or experts, and weights if there are any.
func (b *Backend) upload32(numbers []int32, weights []float32) (p, q uint64) {
	n := 4 * len(numbers)
	p = b.atLeast(&b.pairs, n+4*len(weights))
	if n == 0 || b.lost != nil {
		return p, p
	}
	b.toDevice(p, unsafe.Slice((*byte)(unsafe.Pointer(&numbers[0])), n))
	if len(weights) > 0 {
		b.toDevice(p+uint64(n), asBytes(weights))
	}
	return p, p + uint64(n)
}

// Gather picks rows.
func (b *Backend) Gather(dst, x accel.Tensor, r *accel.Routes) {
	if b.atHome(x) {
		b.host.Gather(dst, x, r)
		b.wrote(dst)
		return
	}
	rows, _ := b.upload32(r.Row, nil)
	from := b.read(x)
	b.each("gatherRows", len(dst.Data), b.write(dst), from, rows, uint64(x.Cols), uint64(len(dst.Data)))
}

// MatMulRouted multiplies the rows of each expert.
func (b *Backend) MatMulRouted(dst accel.Tensor, ws []*accel.Weight, x accel.Tensor, r *accel.Routes) {
	for from := 0; from < r.Len(); {
		to := r.Run(from)
		if b.resident(ws[r.Expert[from]]) == 0 {
			b.bring(x)
			b.host.MatMulRouted(dst, ws, x, r)
			b.wrote(dst)
			return
		}
		from = to
	}
	b.read(x)
	p := b.write(dst)
	for from := 0; from < r.Len(); {
		to := r.Run(from)
		w := ws[r.Expert[from]]
		b.multiply(p+uint64(4*from*dst.Cols), dst.Cols, w, b.resident(w), x, from*x.Cols, x.Cols, to-from)
		from = to
	}
}

// AddBiasRouted adds each expert's vector.
func (b *Backend) AddBiasRouted(x accel.Tensor, bias []float32, r *accel.Routes) {
	if b.atHome(x) {
		b.host.AddBiasRouted(x, bias, r)
		b.wrote(x)
		return
	}
	experts, _ := b.upload32(r.Expert, nil)
	b.each("addBiasRouted", len(x.Data), b.change(x), b.vector(bias), experts, uint64(x.Cols), uint64(len(x.Data)))
}

// Scatter adds weighted rows.
func (b *Backend) Scatter(dst, x accel.Tensor, r *accel.Routes) {
	if b.atHome(dst, x) {
		b.host.Scatter(dst, x, r)
		b.wrote(dst)
		return
	}
	rows, weights := b.upload32(r.Row, r.Weight)
	from := b.read(x)
	b.each("scatterRows", x.Cols, b.change(dst), from, rows, weights, uint64(x.Cols), uint64(r.Len()))
}

// Conv runs on the host, with what it carries from pass to pass.
func (b *Backend) Conv(dst, x accel.Tensor, w []float32, before, after []float32) {
	b.lacks(x)
	b.host.Conv(dst, x, w, before, after)
	b.wrote(dst)
}

// DeltaRule runs on the host, with the states that it changes.
func (b *Backend) DeltaRule(dst, q, k, v, alpha, beta accel.Tensor, c *accel.Delta, before, after []float32) {
	b.lacks(q, k, v, alpha, beta)
	b.host.DeltaRule(dst, q, k, v, alpha, beta, c, before, after)
	b.wrote(dst)
}

// lacks counts an operation that the device lacks and makes its inputs current
// on the host.
func (b *Backend) lacks(inputs ...accel.Tensor) {
	if b.lost == nil {
		b.stats.fallbacks.Add(1)
	}
	b.bring(inputs...)
}
