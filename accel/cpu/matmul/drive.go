//go:build !noasm && (amd64 || arm64)

package matmul

import (
	"sync"
	"unsafe"
)

// The drivers cut a job into calls of assembly kernels. A call takes a few to
// a hundred microseconds, for the runtime cannot preempt it.

// assembly multiplies one vector straight with the packed units, more by way
// of panels.
func (j *job) assembly() {
	switch {
	case j.f.group == 0:
		j.floats()
	case j.n1-j.n0 == 1 && j.cols%max(actBlock, j.f.vals) == 0:
		j.gemv()
	default:
		j.gemm()
	}
}

// tile receives the results of rows that do not fill a kernel.
type tile [ActGroup][2 * Rows]float32

// gemv multiplies one vector with packed units.
func (j *job) gemv() {
	var a args
	acts := j.acts[j.n0*j.vector:]
	a.acts = at(acts, 0)
	a.sums = at(acts, actBlocks(j.cols)*blockSize)
	a.n = j.cols / actBlock
	dst := j.dst[j.n0*j.ldd:][:j.rows]
	kernel, whole, per := j.isa.gemv(j.f.kind), j.rows/Rows, callBlocks(j.block)
	for i := 0; i < whole; i += per {
		a.dst, a.w, a.count = addr(&dst[i*Rows]), at(j.w, i*j.block), min(per, whole-i)
		j.lookAhead(&a, (i+per)*j.block)
		j.isa.call(kernel, &a)
	}
	if rest := j.rows % Rows; rest > 0 {
		s := spare.Get().(*scratch)
		a.dst, a.w, a.count = addr(&s.out), at(j.w, whole*j.block), 1
		j.lookAhead(&a, len(j.w))
		j.isa.call(kernel, &a)
		copy(dst[whole*Rows:], s.out[0][:rest])
		spare.Put(s)
	}
}

// inOrderAhead is how many bytes before their use memory is asked for in
// order: half a microsecond of reading, for memory answers later when all cores
// ask, and a part of the first cache. On Zen 5 with both cores reading, 8 KiB
// gave 0.8 times the speed of 16 KiB with Q4_K and the same with Q6_K.
const inOrderAhead = 16 << 10

// lookAhead says what a call asks for while it reads: what comes next of the
// weights, or all that is read after the first bytes of them; at the end, if
// nobody knows, the first again, which the caches hold. An address past the
// end does no harm: nothing faults, and it is in most cases the next chunk.
func (j *job) lookAhead(a *args, bytes int) {
	switch {
	case inOrder:
		a.inOrder, a.ahead = 1, a.w+inOrderAhead
	case bytes < len(j.w):
		a.ahead = at(j.w, bytes)
	case len(j.ahead) > 0:
		a.ahead = at(j.ahead, 0)
	default:
		a.ahead = at(j.w, 0)
	}
}

// scratch is what the matrix kernels need beside their operands. It does not
// live on the stack because zeroing it would take longer than filling it.
type scratch struct {
	room [2*unsafe.Sizeof(unpacked{}) + 64]byte // two panels, aligned
	out  tile
	x    [actSuper]float32 // a last, short block of activations
}

var spare = sync.Pool{New: func() any { return new(scratch) }}

func (s *scratch) panels() *[2]unpacked {
	base := uintptr(unsafe.Pointer(s))
	return (*[2]unpacked)(unsafe.Add(unsafe.Pointer(s), -base&63))
}

// gemm multiplies vectors by way of panels: one or two blocks of rows by 512
// columns are unpacked at a time and meet all vectors before the next.
func (j *job) gemm() {
	s := spare.Get().(*scratch)
	p := s.panels()
	var a args
	for row := 0; row < j.rows; row += j.isa.blocks() * Rows {
		for k := 0; k < j.cols; k += panelCols {
			width := min(panelCols, j.cols-k)
			blocks := j.unpack(&a, p, row, k, width)
			a.n, a.first = actBlocks(width), 0
			if k == 0 {
				a.first = 1
			}
			a.w = addr(p)
			j.groups(&a, s, row, k, blocks)
		}
	}
	spare.Put(s)
}

// unpack fills up to two panels and returns their number.
func (j *job) unpack(a *args, p *[2]unpacked, row, k, width int) (n int) {
	for ; n < j.isa.blocks() && row < j.rows; n++ {
		a.w = at(j.w, row/Rows*j.block+k/j.f.vals*j.f.unit())
		a.n = width / j.f.vals
		a.panel = addr(&p[n])
		j.isa.call(j.isa.unpack(j.f.kind), a)
		if width%actBlock != 0 { // the kernels multiply whole blocks
			clear(p[n].scale[width/j.f.group:])
			if j.f.mins == floatMins { // a NaN of an earlier panel times 0 is one
				clear(p[n].mins[width/32:])
			}
		}
		row += Rows
	}
	return n
}

// floats multiplies weights that need no unpacking.
func (j *job) floats() {
	s := spare.Get().(*scratch)
	var a args
	a.n, a.first = j.cols, 1
	for row := 0; row < j.rows; row += j.isa.blocks() * Rows {
		w, blocks := j.w[row/Rows*j.block:], 1
		a.w, a.w2 = at(w, 0), at(w, 0)
		if len(w) > j.block && j.isa.blocks() > 1 {
			a.w2, blocks = at(w, j.block), 2
		}
		j.groups(&a, s, row, 0, blocks)
	}
	spare.Put(s)
}

// groups runs a matrix kernel over all groups of vectors, from column k of the
// activations on.
func (j *job) groups(a *args, s *scratch, row, k, blocks int) {
	acts, sums := 4*k, 0
	if j.f.group != 0 {
		acts = k / actBlock * blockSize
		sums = actBlocks(j.cols)*blockSize + k/actSuper*superSize
	}
	for t := j.n0; t < j.n1; {
		c, group := j.group(t)
		a.acts = at(group, acts*c)
		a.sums = a.acts + uintptr((sums-acts)*c)
		a.next, a.count = c*j.vector, 1
		kernel := j.isa.gemm(j.f, blocks, c)
		if rows := j.rows - row; rows < blocks*Rows {
			j.partial(a, s, kernel, row, t, c)
			t += c
			continue
		}
		if c == ActGroup {
			a.count = (j.n1 - t) / ActGroup
		}
		a.dst, a.ldd = addr(&j.dst[t*j.ldd+row]), 4*j.ldd
		t += c * a.count
		j.isa.call(kernel, a)
	}
}

// partial runs a matrix kernel on a tile of its own, because the last rows of
// dst are not there.
func (j *job) partial(a *args, s *scratch, kernel, row, t, c int) {
	dst, rows := j.dst[t*j.ldd+row:], j.rows-row
	for i := range c {
		copy(s.out[i][:rows], dst[i*j.ldd:])
	}
	a.dst, a.ldd = addr(&s.out), int(unsafe.Sizeof(s.out[0]))
	j.isa.call(kernel, a)
	for i := range c {
		copy(dst[i*j.ldd:][:rows], s.out[i][:])
	}
}

// at is the address of byte i, addr that of what p points to.
func at(b []byte, i int) uintptr { return addr(&b[i]) }
func addr[T any](p *T) uintptr   { return uintptr(unsafe.Pointer(p)) }
