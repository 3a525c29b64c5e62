package cuda

import (
	"encoding/binary"

	"github.com/runnel-chat/runnel/accel"
)

// rows launches a norm with a block for each row: a large one where there are
// few of them.
func (b *Backend) rows(name string, x accel.Tensor, args ...uint64) {
	size := threads
	if x.Rows < b.driver.Units() && x.Cols > 4*threads {
		size = 4 * threads
	}
	b.launch(name, [3]int{x.Rows, 1, 1}, size, 0, args...)
}

// RMSNorm normalises every row.
func (b *Backend) RMSNorm(dst, x accel.Tensor, w []float32, eps float32) {
	if b.atHome(x) {
		b.host.RMSNorm(dst, x, w, eps)
		b.wrote(dst)
		return
	}
	from, weights := b.read(x), b.vector(w)
	to := b.write(dst)
	switch {
	case x.Rows == 1 && b.joinNorm(to, from, weights, x.Cols, eps):
	case to == from && b.joinHeadNorm(to, weights, x.Rows, x.Cols, eps):
	default:
		b.rows("rmsNorm", x, to, from, weights, uint64(x.Cols), f32(eps))
	}
}

// LayerNorm normalises every row.
func (b *Backend) LayerNorm(dst, x accel.Tensor, w, bias []float32, eps float32) {
	if b.atHome(x) {
		b.host.LayerNorm(dst, x, w, bias, eps)
		b.wrote(dst)
		return
	}
	from := b.read(x)
	if len(w) <= x.Cols {
		b.rows("layerNorm", x, b.write(dst), from, b.vector(w), b.vector(bias), uint64(x.Cols), f32(eps))
		return
	}
	// Rows take turns with the rows of w: the heads of a token, token by token.
	to, turn := b.write(dst), b.vector(w)
	b.rows("layerNorm", x, to, from, b.vector(nil), b.vector(bias), uint64(x.Cols), f32(eps))
	for i := 0; i < len(x.Data); i += len(w) {
		n := min(len(w), len(x.Data)-i)
		b.each("multiply", n, to+4*uint64(i), turn, uint64(n))
	}
}

// L2Norm brings every row to length 1.
func (b *Backend) L2Norm(x accel.Tensor, eps float32) {
	if b.atHome(x) {
		b.host.L2Norm(x, eps)
		b.wrote(x)
		return
	}
	b.rows("l2Norm", x, b.change(x), uint64(x.Cols), f32(eps))
}

// Add adds x to dst.
func (b *Backend) Add(dst, x accel.Tensor) {
	if b.atHome(dst, x) {
		b.host.Add(dst, x)
		b.wrote(dst)
		return
	}
	from, to := b.read(x), b.change(dst)
	if !b.joinAdd(to, from, len(x.Data)) {
		b.each("add", len(x.Data), to, from, uint64(len(x.Data)))
	}
}

// Mul multiplies dst by x.
func (b *Backend) Mul(dst, x accel.Tensor) {
	if b.atHome(dst, x) {
		b.host.Mul(dst, x)
		b.wrote(dst)
		return
	}
	from := b.read(x)
	b.each("multiply", len(x.Data), b.change(dst), from, uint64(len(x.Data)))
}

// Clear zeroes every value.
func (b *Backend) Clear(x accel.Tensor) {
	if b.atHome(x) {
		b.host.Clear(x)
		b.wrote(x)
		return
	}
	b.each("fill", len(x.Data), b.write(x), f32(0), uint64(len(x.Data)))
}

// Scale multiplies every value.
func (b *Backend) Scale(x accel.Tensor, s float32) {
	if b.atHome(x) {
		b.host.Scale(x, s)
		b.wrote(x)
		return
	}
	b.each("scale", len(x.Data), b.change(x), f32(s), uint64(len(x.Data)))
}

// ScaleRows multiplies each row by a value of its own.
func (b *Backend) ScaleRows(x, s accel.Tensor) {
	if b.atHome(x, s) {
		b.host.ScaleRows(x, s)
		b.wrote(x)
		return
	}
	factors := b.read(s)
	b.each("scaleRows", len(x.Data), b.change(x), factors, uint64(x.Cols), uint64(len(x.Data)))
}

// SoftCap bends every value into ±limit.
func (b *Backend) SoftCap(x accel.Tensor, limit float32) {
	if b.atHome(x) {
		b.host.SoftCap(x, limit)
		b.wrote(x)
		return
	}
	b.each("softCap", len(x.Data), b.change(x), f32(limit), uint64(len(x.Data)))
}

// AddBias adds a vector to every row.
func (b *Backend) AddBias(x accel.Tensor, bias []float32) {
	if b.atHome(x) {
		b.host.AddBias(x, bias)
		b.wrote(x)
		return
	}
	to, values := b.change(x), b.vector(bias)
	if x.Rows != 1 || !b.joinBias(to, values, x.Cols) {
		b.each("addBias", len(x.Data), to, values, uint64(x.Cols), uint64(len(x.Data)))
	}
}

// Copy copies columns.
func (b *Backend) Copy(dst accel.Tensor, to int, x accel.Tensor, from, cols int) {
	if b.atHome(x) {
		b.bring(dst)
		b.host.Copy(dst, to, x, from, cols)
		b.wrote(dst)
		return
	}
	p, n := b.read(x), x.Rows*cols
	b.each("copyColumns", n, b.change(dst), uint64(dst.Cols), uint64(to), p, uint64(x.Cols), uint64(from), uint64(cols), uint64(n))
}

// Activate applies act to every value.
func (b *Backend) Activate(act accel.Activation, x accel.Tensor) {
	if b.atHome(x) {
		b.host.Activate(act, x)
		b.wrote(x)
		return
	}
	b.each("activate", len(x.Data), b.change(x), uint64(act), uint64(len(x.Data)))
}

// GLU leaves act(gate)*up in gate.
func (b *Backend) GLU(act accel.Activation, gate, up accel.Tensor) {
	if b.atHome(gate, up) {
		b.host.GLU(act, gate, up)
		b.wrote(gate)
		return
	}
	from, to, n := b.read(up), b.change(gate), len(up.Data)
	switch {
	case up.Rows == 1 && b.joinGate(act, to, from, n):
	case b.joinRoutedGate(act, to, from, n):
	default:
		b.each("glu", n, to, from, uint64(act), uint64(n))
	}
}

// position is where the rows of a pass begin. Kernels read it from memory, so
// that the launches of one token are those of the next.
type position struct {
	room
	pos int
	buf []byte // memory of its own: C may not see that of a Backend
}

// position returns where a position is told.
func (b *Backend) position(pos int) uint64 {
	p := &b.first
	if p.p != 0 && p.pos == pos {
		return p.p
	}
	b.atLeast(&p.room, 4)
	p.pos = pos
	p.buf = binary.LittleEndian.AppendUint32(p.buf[:0], uint32(pos))
	b.toDevice(p.p, p.buf)
	return p.p
}

// turned holds the cosines and sines of a run of positions. Every layer of a
// pass asks for the same ones, so they are computed once a pass and rope.
type turned struct {
	table  room
	rope   *accel.Rope
	pos, n int
}

// turn returns the table of n positions.
func (b *Backend) turn(r *accel.Rope, pos, n int) uint64 {
	t, half := &b.turns, len(r.Freqs)
	p := b.atLeast(&t.table, 2*4*n*half)
	if t.rope == r && t.pos == pos && t.n == n {
		return p
	}
	t.rope, t.pos, t.n = r, pos, n
	b.each("turns", n*half, p, b.vector(r.Freqs), uint64(half), b.position(pos), uint64(n), f32(r.Magnitude))
	return p
}

// Rotate turns the heads of every row.
func (b *Backend) Rotate(x accel.Tensor, headDim int, r *accel.Rope, pos int) {
	if b.atHome(x) {
		b.host.Rotate(x, headDim, r, pos)
		b.wrote(x)
		return
	}
	heads, half, interleaved := x.Cols/headDim, len(r.Freqs), uint64(0)
	if r.Interleaved {
		interleaved = 1
	}
	p := b.change(x)
	shape := [...]uint64{b.turn(r, pos, x.Rows), uint64(headDim), uint64(r.From), uint64(half), interleaved}
	b.rotate(p, x.Rows, heads, shape[:])
}
