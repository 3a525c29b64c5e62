package main

import "fmt"

// floatType is a weight type that is multiplied in float32 as it is packed:
// 16 numbers of one column after another.
type floatType struct {
	name string
	size int // bytes of a number
	load func(x *x86, off int, base string, dst int)
}

var floatTypes = []floatType{
	{"f16", 2, func(x *x86, off int, base string, dst int) { x.halves(x.bytes2(off, base), dst) }},
	{"bf16", 2, func(x *x86, off int, base string, dst int) {
		x.i("VPMOVZXWD", x.bytes2(off, base), x.r(dst))
		x.shift(dst, -16, dst)
	}},
	{"f32", 4, func(x *x86, off int, base string, dst int) { x.load(x.words(off, base), dst) }},
}

// floatGemm emits the matrix kernel of a float type. Even and odd columns have
// sums of their own, so that one or two vectors still keep the adders busy.
//
// SI and R12 point to the two row blocks, DI to the activations, CX counts
// pairs of columns.
func (x *x86) floatGemm(prefix string, t floatType, c, panels int) string {
	name := fmt.Sprintf("%s_%s_%dx%d", prefix, t.name, 16*panels, c)
	x.groups(name, c, func() {
		for _, pass := range x.passes(c, panels) {
			x.floatPass(t, c, pass)
		}
	})
	return name
}

func (x *x86) floatPass(t floatType, c int, p pass) {
	g := &gemm{x86: x, c: c, cols: p.cols, vecs: p.vecs}
	step := func(k int) {
		for v := range p.vecs {
			base := "SI"
			if x.zmm() && v == 1 {
				base = "R12"
			}
			x.half = 0
			if !x.zmm() {
				x.half = v
			}
			t.load(x, 16*t.size*k, base, g.w(v))
			if c == 1 && x.half == 0 {
				for l := range (16*t.size + 63) / 64 {
					x.i("PREFETCHT0", mem(prefetchAhead+16*t.size*k+64*l, base))
				}
			}
		}
		x.half = 0
		for col := range p.cols {
			y := g.y(col)
			x.i("VBROADCASTSS", mem(4*(k*c+p.cols[col]), "DI"), x.r(y))
			for v := range p.vecs {
				x.fma(y, g.w(v), g.acc(v, col)+k*g.sums())
			}
		}
	}
	advance := func(n int) {
		x.i("ADDQ", imm(16*t.size*n), "SI")
		x.i("ADDQ", imm(16*t.size*n), "R12")
		x.i("ADDQ", imm(4*c*n), "DI")
	}

	x.i("MOVQ", mem(argW, "DX"), "SI")
	x.i("MOVQ", mem(argW2, "DX"), "R12")
	x.i("MOVQ", mem(argActs, "DX"), "DI")
	x.i("MOVQ", mem(argN, "DX"), "CX")
	g.each(func(v, col int) {
		x.zero(g.acc(v, col))
		x.zero(g.sub(v, col))
	})
	last, end := x.label("last"), x.label("end")
	x.i("SUBQ", "$2", "CX")
	x.i("JLT", last)
	pair := x.label("pair")
	x.f("%s:", pair)
	step(0)
	step(1)
	advance(2)
	x.i("SUBQ", "$2", "CX")
	x.i("JGE", pair)
	x.f("%s:", last)
	x.i("CMPQ", "CX", "$-1")
	x.i("JNE", end)
	step(0)
	x.f("%s:", end)
	g.each(func(v, col int) {
		x.op("VADDPS", g.acc(v, col), g.sub(v, col), g.acc(v, col))
		x.store(g.acc(v, col), g.dst(v, col))
	})
}
