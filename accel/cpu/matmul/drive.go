//go:build !noasm && (amd64 || arm64)

package matmul

import "unsafe"

// The drivers cut a job into calls of assembly kernels. A call takes a few to
// a hundred microseconds, for the runtime cannot preempt it.

// callBytes is about how many weight bytes a matrix-vector call reads.
const callBytes = 256 << 10

// tile receives the results of rows or vectors that do not fill a kernel.
type tile [ActGroup][2 * Rows]float32

// gemv multiplies one vector with packed units.
func (j *job) gemv() {
	acts := j.acts[j.n0*j.vector:]
	a := args{
		acts: at(acts, 0),
		sums: at(acts, actBlocks(j.cols)*blockSize),
		n:    j.cols / actBlock,
	}
	dst := j.dst[j.n0*j.ldd:][:j.rows]
	whole, per := j.rows/Rows, max(1, callBytes/j.block)
	for i := 0; i < whole; i += per {
		a.dst, a.w, a.rows = &dst[i*Rows], at(j.w, i*j.block), min(per, whole-i)
		j.isa.call(gemvNumber(j.f.kind), &a)
	}
	if rest := j.rows % Rows; rest > 0 {
		var out tile
		a.dst, a.w, a.rows = &out[0][0], at(j.w, whole*j.block), 1
		j.isa.call(gemvNumber(j.f.kind), &a)
		copy(dst[whole*Rows:], out[0][:rest])
	}
}

// panels is room for two panels, with a little more to align them.
type panels [2*unsafe.Sizeof(unpacked{}) + 64]byte

func (p *panels) aligned() *[2]unpacked {
	base := uintptr(unsafe.Pointer(p))
	return (*[2]unpacked)(unsafe.Add(unsafe.Pointer(p), -base&63))
}

// gemm multiplies vectors by way of panels: 32 rows by 512 columns are
// unpacked at a time and meet all vectors before the next.
func (j *job) gemm() {
	var room panels
	p := room.aligned()
	for row := 0; row < j.rows; row += 2 * Rows {
		for k := 0; k < j.cols; k += panelCols {
			width := min(panelCols, j.cols-k)
			n := j.unpack(p, row, k, width)
			for t := j.n0; t < j.n1; {
				t += j.multiply(p, n, row, k, width, t)
			}
		}
	}
}

// unpack fills up to two panels and returns their number.
func (j *job) unpack(p *[2]unpacked, row, k, width int) (n int) {
	for ; n < 2 && row < j.rows; n++ {
		a := args{
			w:  at(j.w, row/Rows*j.block+k/j.f.vals*j.f.unit()),
			n:  width / j.f.vals,
			to: unsafe.Pointer(&p[n]),
		}
		j.isa.call(unpackNumber(j.f.kind), &a)
		if width%actBlock != 0 { // the kernels multiply whole blocks
			clear(p[n].scale[width/j.f.group:])
		}
		row += Rows
	}
	return n
}

// multiply adds the products of n panels and the group of vectors at t to dst,
// and returns the number of vectors.
func (j *job) multiply(p *[2]unpacked, n, row, k, width, t int) int {
	c, acts := j.group(t)
	a := args{
		w:    unsafe.Pointer(p),
		acts: at(acts, k/actBlock*blockSize*c),
		sums: at(acts, (actBlocks(j.cols)*blockSize+k/actSuper*superSize)*c),
		n:    actBlocks(width),
	}
	if k == 0 {
		a.first = 1
	}
	j.emit(&a, gemmNumber(j.f.variant(), n, c), n, c, row, t)
	return c
}

// emit runs a matrix kernel on dst, or on a tile if its last rows are not
// there.
func (j *job) emit(a *args, kernel, n, c, row, t int) {
	dst, rows := j.dst[t*j.ldd+row:], j.rows-row
	if rows >= n*Rows {
		a.dst, a.ldd = &dst[0], 4*j.ldd
		j.isa.call(kernel, a)
		return
	}
	var out tile
	for i := range c {
		copy(out[i][:rows], dst[i*j.ldd:])
	}
	a.dst, a.ldd = &out[0][0], int(unsafe.Sizeof(out[0]))
	j.isa.call(kernel, a)
	for i := range c {
		copy(dst[i*j.ldd:][:rows], out[i][:])
	}
}

// floats multiplies weights that need no unpacking.
func (j *job) floats() {
	for row := 0; row < j.rows; row += 2 * Rows {
		w := j.w[row/Rows*j.block:]
		a := args{w: at(w, 0), to: at(w, 0), n: j.cols}
		n := 1
		if len(w) > j.block {
			a.to, n = at(w, j.block), 2
		}
		for t := j.n0; t < j.n1; {
			c, acts := j.group(t)
			a.acts = at(acts, 0)
			j.emit(&a, gemmNumber(j.f.variant(), n, c), n, c, row, t)
			t += c
		}
	}
}

// at is the address of byte i.
func at(b []byte, i int) unsafe.Pointer { return unsafe.Pointer(&b[i]) }
