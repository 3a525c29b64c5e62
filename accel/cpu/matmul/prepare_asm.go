//go:build !noasm && (amd64 || arm64)

package matmul

import (
	"encoding/binary"
	"runtime"
)

// prepArgs is what prepareVector reads.
type prepArgs struct {
	dst, super uintptr // the vector's words in the first block, and in the sums
	x          uintptr
	step       int // bytes between the words of the vector
	n          int // blocks
	sums       [actSuper / 16]float32
}

//go:noescape
func prepareVector(a *prepArgs)

// quantise writes up to 256 columns of vector i of c.
func (t isa) quantise(dst, super []byte, x []float32, c, i int) {
	if t == isaGeneric {
		quantiseGeneric(dst, super, x, c, i)
		return
	}
	if len(x)%actBlock != 0 {
		s := spare.Get().(*scratch)
		defer spare.Put(s)
		clear(s.x[copy(s.x[:], x):])
		x = s.x[:actBlocks(len(x))*actBlock]
	}
	var a prepArgs
	a.dst, a.super, a.x = at(dst, 4*i), at(super, 4*i), addr(&x[0])
	a.step, a.n = 4*c, len(x)/actBlock
	prepareVector(&a)
	runtime.KeepAlive(x)
}

// packArgs is what packWords reads.
type packArgs struct {
	dst, src uintptr
	stride   int // bytes between rows
	count    int // columns of 16 bytes
}

//go:noescape
func packWords(a *packArgs)

//go:noescape
func packHalves(a *packArgs)

// pack interleaves 16 rows.
func (t isa) pack(f *format, dst, src []byte, stride int) {
	switch {
	case t == isaGeneric || stride < 16:
		packGeneric(f, dst, src, stride, Rows)
	case f.block() == 2:
		a := packArgs{dst: at(dst, 0), src: at(src, 0), stride: stride, count: stride / 16}
		packHalves(&a)
		done := stride &^ 15
		packColumns(dst[Rows*done:], src[done:], stride, 2, stride-done)
	case f.head+f.end+f.fifth == 0: // units are one run of words
		packUnit(f, dst, src, stride, stride)
	default:
		for off := 0; off < stride; off += f.block() {
			packUnit(f, dst[off*Rows:], src[off:], stride, f.block())
		}
	}
	runtime.KeepAlive(dst)
	runtime.KeepAlive(src)
}

// packUnit interleaves one block of each row: most of its words in assembly.
func packUnit(f *format, u, src []byte, stride, block int) {
	words := (block - f.head - f.end) &^ 15
	if words > 0 {
		a := packArgs{dst: at(u, f.head*Rows), src: at(src, f.head), stride: stride, count: words / 16}
		packWords(&a)
	}
	packColumns(u, src, stride, f.head, f.head)
	done := f.head + words
	packColumns(u[Rows*done:], src[done:], stride, 4, block-f.end-done)
	done = block - f.end
	packColumns(u[Rows*done:], src[done:], stride, f.end, f.end)
	if f.fifth > 0 {
		transposeFifths(u[Rows*f.head+64*(f.fifth-1):][:64])
	}
}

// packColumns interleaves n bytes of each row, size bytes at a time.
func packColumns(u, src []byte, stride, size, n int) {
	for i := 0; i < n; i += size {
		to := u[Rows*i:][:Rows*size]
		for r := range Rows {
			from := src[r*stride+i:]
			switch size {
			case 1:
				to[r] = from[0]
			case 2:
				binary.LittleEndian.PutUint16(to[2*r:], binary.LittleEndian.Uint16(from))
			case 4:
				binary.LittleEndian.PutUint32(to[4*r:], binary.LittleEndian.Uint32(from))
			}
		}
	}
}
