package attn

import (
	"unsafe"

	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// chunk is how many rows of b the reference widens at a time.
const chunk = 16

// mulGeneric is the reference of every kernel whose b holds values of type t.
func mulGeneric(p *product, t Type) {
	var wide [chunk * lanes]float32
	for j := range p.panels {
		for r := range p.rows {
			if p.add == 0 {
				clear(p.row(r, j)[:])
			}
		}
		for k := 0; k < p.k; k += chunk {
			b := wide[:min(chunk, p.k-k)*lanes]
			p.widen(b, t, j*p.ldb, k)
			for r := range p.rows {
				a := unsafe.Slice(at[float32](p.a, (r*p.lda+k)*4), len(b)/lanes)
				mulAdd(p.row(r, j), a, b)
			}
		}
	}
}

// row is row r of c in panel j.
func (p *product) row(r, j int) *[lanes]float32 {
	return at[[lanes]float32](p.c, (r*p.ldc+j*lanes)*4)
}

// widen converts rows of b from row k of the panel at off.
func (p *product) widen(dst []float32, t Type, off, k int) {
	switch t {
	case F32:
		copy(dst, unsafe.Slice(at[float32](p.b, off+k*lanes*4), len(dst)))
	case F16:
		vec.FloatFromHalf(dst, unsafe.Slice(at[uint16](p.b, off+k*lanes*2), len(dst)))
	case Q8_0:
		codes := unsafe.Slice(at[int8](p.b, off+k*lanes), len(dst))
		for i := range dst {
			dst[i] = float32(codes[i])
		}
	}
}

// mulAdd computes c += a · b for one row; b is [len(a)][32].
func mulAdd(c *[lanes]float32, a, b []float32) {
	for k, x := range a {
		row := (*[lanes]float32)(b[k*lanes:])
		for i := range c {
			c[i] += x * row[i]
		}
	}
}

func at[T any](p unsafe.Pointer, off int) *T { return (*T)(unsafe.Add(p, off)) }
