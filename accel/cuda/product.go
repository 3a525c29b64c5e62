package cuda

import (
	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/gguf"
)

// weight is a matrix that belongs on the device.
type weight struct {
	p      uint64 // 0: not there yet
	noRoom bool
}

// Place says that a weight belongs on the device. It is copied there, tile by
// tile, when it is first multiplied; without room for it, it stays on the host.
func (b *Backend) Place(w *accel.Weight) { b.weights[w] = &weight{} }

// Placed tells whether Place was called for a weight.
func (b *Backend) Placed(w *accel.Weight) bool { return b.weights[w] != nil }

// Load brings a weight that was placed to the device, before it is multiplied.
func (b *Backend) Load(w *accel.Weight) { b.resident(w) }

// formats names the types that kernels are made for. The others were packed as
// Q16, or as floats where their blocks are too small.
var formats = map[gguf.Type]string{
	gguf.Q4_0: "Q4_0", gguf.Q4_1: "Q4_1", gguf.Q5_0: "Q5_0", gguf.Q5_1: "Q5_1", gguf.Q8_0: "Q8_0",
	gguf.IQ4_NL: "IQ4_NL", gguf.IQ4_XS: "IQ4_XS", gguf.MXFP4: "MXFP4",
	gguf.Q2_K: "Q2_K", gguf.Q3_K: "Q3_K", gguf.Q4_K: "Q4_K", gguf.Q5_K: "Q5_K", gguf.Q6_K: "Q6_K",
	gguf.F16: "F16", gguf.BF16: "BF16", gguf.F32: "F32",
}

func formatOf(t gguf.Type) (name string, integers bool) {
	if name := formats[t]; name != "" {
		return name, t != gguf.F16 && t != gguf.BF16 && t != gguf.F32
	}
	if values, _ := t.Block(); values%16 == 0 && values > 0 {
		return "Q16", true
	}
	return "F32", false
}

// product names for a format, so that decoding makes no strings.
type productNames struct{ one, eight, tile, routed string }

var products = func() map[string]productNames {
	m := map[string]productNames{"Q16": namesFor("Q16")}
	for _, f := range formats {
		m[f] = namesFor(f)
	}
	return m
}()

func namesFor(f string) productNames {
	return productNames{"product1_" + f, "product8_" + f, "productTile_" + f, "routed_" + f}
}

// resident returns where a weight is on the device, bringing it there on its
// first use; 0: it is not.
func (b *Backend) resident(w *accel.Weight) uint64 {
	d := b.weights[w]
	if d == nil || d.noRoom || b.lost != nil {
		return 0
	}
	if d.p != 0 {
		return d.p
	}
	size, err := b.host.PackedBytes(w.Type, w.Rows, w.Cols)
	if err != nil {
		b.fail(err)
		return 0
	}
	p, err := b.driver.Alloc(size)
	if err != nil {
		d.noRoom = true
		b.stats.noRoom.Add(1)
		return 0
	}
	d.p = p
	if !b.uploadTiles(w, p) {
		d.p = 0
		b.free(p)
		return 0
	}
	b.stats.weightBytes.Add(int64(size))
	b.look()
	return p
}

// uploadTiles copies a weight that is to stay.
func (b *Backend) uploadTiles(w *accel.Weight, p uint64) bool {
	return b.eachTile(w, func(i, at int, raw []byte) error {
		b.toDevice(p+uint64(at), raw)
		if b.lost == nil {
			w.Tiles.Settle(i)
		} else {
			w.Tiles.Release(i)
		}
		return b.lost
	})
}

// activations is the quantised form of an input.
type activations struct {
	q      room // int8 [n][cols]
	scales room // float [n][cols/32], then int32 [n][cols/16]
	other  room // the same for the gate of one vector, made from the others

	of      *mirror // what was quantised, and
	version uint64  // which state of it
	from    int
	n, cols int
	ld      int
	to      quantised // where its quantised form is
}

// quantised is where the quantised form of an input lies; see
// kernels/matmul.cuh.
type quantised struct{ q, d, sums uint64 }

// quantise brings n rows of cols values, ld apart, into the form that integer
// products read; the same input is quantised once.
func (b *Backend) quantise(x accel.Tensor, offset, ld, n, cols int) quantised {
	m, part := b.find(x)
	p := b.onDevice(m, part) + uint64(4*offset)
	a := &b.acts
	same := a.of == m && a.version == m.version && a.from == part.from+4*offset && a.n == n && a.cols == cols && a.ld == ld
	if same {
		return a.to
	}
	to := b.actsFor(p, n, cols)
	a.to, a.of, a.version, a.from, a.n, a.cols, a.ld = to, m, m.version, part.from+4*offset, n, cols, ld
	if (n > 1 && ld != cols) || !b.joinQuantise(p, n, cols, to) {
		b.each("quantise", n*cols, to.q, to.d, to.sums, p, uint64(ld), uint64(cols), uint64(n*cols))
	}
	return to
}

// actsFor returns where n rows of cols values at x may be quantised.
func (b *Backend) actsFor(x uint64, n, cols int) quantised {
	a, scales, sums := &b.acts, n*cols/32*4, n*cols/16*4
	to := quantised{q: b.atLeast(&a.q, n*cols), d: b.atLeast(&a.scales, scales+sums)}
	if b.gates(x) {
		to.q = b.atLeast(&a.other, n*cols+scales+sums)
		to.d = to.q + uint64(n*cols)
	}
	to.sums = to.d + uint64(scales)
	return to
}

// blockRows is the number of rows that the packed form interleaves.
const blockRows = 16

func blocksOf(rows int) int { return (rows + blockRows - 1) / blockRows }

// Tensor cores multiply tiles of weights with at least so many vectors; a tile
// that is mostly empty costs as much as a full one.
const (
	tileLeast   = 16
	tileRows    = 128
	tileVectors = 64
)

// multiply launches dst = w·x for n rows of x, ldx apart, whose first value is
// offset values after x's.
func (b *Backend) multiply(dst uint64, ldd int, w *accel.Weight, p uint64, x accel.Tensor, offset, ldx, n int) {
	format, integers := formatOf(w.Type)
	names := products[format]
	var in, all [mostArgs]uint64
	var input []uint64
	if integers {
		a := b.quantise(x, offset, ldx, n, w.Cols)
		input = append(in[:0], a.q, a.d, a.sums)
	} else {
		input = append(in[:0], b.read(x)+uint64(4*offset))
	}
	rows, cols := uint64(w.Rows), uint64(w.Cols)
	if n == 1 {
		input = append(input, cols)
		if !b.joinProduct(names.one, dst, p, w.Rows, input) {
			copy(all[:], []uint64{dst, p, rows})
			b.launch(names.one, [3]int{blocksOf(w.Rows), 1, 1}, threads, 0, append(all[:inputArgs], input...)...)
		}
		return
	}
	if !integers {
		input = append(input, uint64(ldx))
	}
	name, grid := names.eight, [3]int{(n + 7) / 8, blocksOf(w.Rows), 1}
	if n >= tileLeast && format != "F32" { // what is stored as floats is to be exact
		name, grid = names.tile, [3]int{(n + tileVectors - 1) / tileVectors, (w.Rows + tileRows - 1) / tileRows, 1}
	}
	args := append(append(all[:0], dst, uint64(ldd), p), input...)
	b.launch(name, grid, threads, 0, append(args, rows, cols, uint64(n))...)
}

// MatMul multiplies where the weight is.
func (b *Backend) MatMul(dst accel.Tensor, w *accel.Weight, x accel.Tensor) {
	p, seat := b.resident(w), -1
	if p == 0 {
		p, seat = b.visit(w, x.Rows)
	}
	if p == 0 {
		b.bring(x)
		b.host.MatMul(dst, w, x)
		b.wrote(dst)
		return
	}
	b.read(x)
	b.multiply(b.write(dst), dst.Cols, w, p, x, 0, x.Cols, x.Rows)
	b.leave(seat)
}

// MatMulEach multiplies where the first weight is.
func (b *Backend) MatMulEach(dst accel.Tensor, ws []*accel.Weight, x accel.Tensor) {
	if !b.allResident(ws) {
		b.bring(dst, x)
		b.host.MatMulEach(dst, ws, x)
		b.wrote(dst)
		return
	}
	if x.Rows == 1 && len(ws) > 1 {
		if list := b.listOf(ws); list != 0 {
			b.read(x)
			b.multiplyListed(b.change(dst), dst.Cols/len(ws), ws[0], list, b.numbers(len(ws)), x, x.Cols/len(ws), len(ws))
			return
		}
	}
	b.read(x)
	to := b.change(dst)
	for h, w := range ws {
		b.multiply(to+uint64(4*h*(dst.Cols/len(ws))), dst.Cols, w, b.resident(w), x, h*(x.Cols/len(ws)), x.Cols, x.Rows)
	}
}

func (b *Backend) allResident(ws []*accel.Weight) bool {
	for _, w := range ws {
		if b.resident(w) == 0 {
			return false
		}
	}
	return true
}
