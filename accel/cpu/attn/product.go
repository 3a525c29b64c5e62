package attn

import (
	"unsafe"

	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

//go:generate go run -C ../vec/gen . -o ../../attn attn

// product is c[rows][32*panels] = a[rows][k] · b, or += with add. Panel j of b
// is [k][32] and begins ldb bytes after panel j-1; int8 values count as they
// are. ldc and lda are in floats. The kernels read and write c and a for the
// rows of the next size they have, at most tileRows.
type product struct {
	c, a, b  unsafe.Pointer
	ldc, lda int
	ldb      int
	rows     int
	k        int
	panels   int
	add      int // 0 or 1
}

// part is the product of the rows from r, most of them at most.
func (p *product) part(r, most int) product {
	q := *p
	q.rows = min(p.rows-r, most)
	q.a = unsafe.Add(p.a, r*p.lda*4)
	q.c = unsafe.Add(p.c, r*p.ldc*4)
	return q
}

// score fills the scores of n rows from row r with groups of keys.
func (w *walk) score(keys []byte, r, n, groups int) {
	p := product{
		c: unsafe.Pointer(&w.scores[0]), a: unsafe.Pointer(&w.q[r*w.ldq]), b: unsafe.Pointer(&keys[0]),
		ldc: lds, lda: w.ldq, ldb: w.groupBytes(), rows: n, k: w.DK, panels: groups,
	}
	switch w.Type {
	case F32, F16:
		p.mul(w.Type)
	case Q8_0:
		p.k = w.dkPadded()
		p.score()
	}
}

// gather adds p·v to the outputs of n rows from row r: k positions from at,
// whose weights begin in column col of the scores.
func (w *walk) gather(values []byte, r, n, col, at, k int) {
	p := product{
		a: unsafe.Pointer(&w.scores[col]), ldc: w.ldo, lda: lds, ldb: w.panelBytes(),
		rows: n, k: k, panels: w.panels(), add: 1,
	}
	if w.Type == Q8_0 {
		p.panels = 1
	}
	for j := 0; j < w.panels(); j += p.panels {
		panel := values[j*w.panelBytes():]
		p.c = unsafe.Pointer(&w.out[r*w.ldo+j*lanes])
		p.b = unsafe.Pointer(&panel[at*lanes*w.Type.bytes()])
		if w.Type == Q8_0 {
			w.weigh(view[uint16](panel[BlockLen*lanes:])[at:][:k], n, col)
			p.a = unsafe.Pointer(&w.weighed[0])
		}
		p.mul(w.Type)
	}
}

// weigh multiplies the weights of n rows, from column col of the scores, with
// the scales of the values.
func (w *walk) weigh(scales []uint16, n, col int) {
	vec.FloatFromHalf(w.scales[:len(scales)], scales)
	for i := range n {
		vec.MulTo(w.weighed[i*lds:][:len(scales)], w.scores[i*lds+col:], w.scales)
	}
}
