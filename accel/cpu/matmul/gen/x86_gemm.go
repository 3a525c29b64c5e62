package main

import "fmt"

// mins names how a variant subtracts minimums.
type mins int

const (
	noMins mins = iota
	floatMins
	int32Mins // one for 32 columns
	int16Mins // one for 16 columns
)

// variant is a family of unpacked weights: types that unpack to it share its
// matrix kernels.
type variant struct {
	name   string
	group  int  // columns of a scale: 16, 32 or 256
	offset bool // quants are stored with 128 added
	mins   mins
}

var variants = []variant{
	{"g32", 32, true, noMins},
	{"g32f", 32, false, floatMins},
	{"g32m", 32, false, int32Mins},
	{"g16", 16, true, noMins},
	{"g256", 256, true, noMins},
	{"g256m", 256, false, int16Mins},
}

// supers tells whether the kernel counts in 256 columns.
func (v variant) supers() bool { return v.group == 256 || v.mins == int32Mins || v.mins == int16Mins }

// gemm is the matrix kernel of a variant: vecs row vectors (at these offsets
// in the panels) by the columns of a group. For every 64 columns of the
// weights it sums integers in acc, scales them into sub, and adds sub, times
// the activation scale, to dst, which stays in the cache.
//
//	for each block of 64
//	    for each group of 32 or 16
//	        acc = -128·Σy, or 0
//	        acc += w·y            the loop that matters: 8 kgroups
//	        sub += scale·acc
//	    dst += d·sub
type gemm struct {
	*x86
	v    variant
	c    int   // vectors of the activation group
	cols []int // of which this pass multiplies these
	vecs []int // offsets of the row vectors in the panels
}

// Registers. 12 sums of each kind on 64-byte vectors, 6 on 32-byte ones.
func (g *gemm) sums() int {
	if g.zmm() {
		return 12
	}
	return 6
}
func (g *gemm) acc(v, col int) int { return v*len(g.cols) + col }
func (g *gemm) sub(v, col int) int { return g.sums() + g.acc(v, col) }
func (g *gemm) w(v int) int        { return 2*g.sums() + v }
func (g *gemm) y(i int) int {
	if g.zmm() {
		return 26 + i&1
	}
	return 14
}

func (g *gemm) tmp(i int) int {
	if g.zmm() {
		return 28 + i&3
	}
	return 15
}

// General registers: SI panel quants, R12 its scales, R13 its mins, DI the
// activation block, BX its mins, R8 dst, R9 to R11 one, three and five times
// its stride, CX blocks left.
func (x *x86) gemmPass(v variant, c int, cols, vecs []int) {
	g := &gemm{x, v, c, cols, vecs}
	x.i("MOVQ", mem(argW, "DX"), "SI")
	x.i("LEAQ", mem(panelScales, "SI"), "R12")
	x.i("LEAQ", mem(panelMins, "SI"), "R13")
	x.i("MOVQ", mem(argActs, "DX"), "DI")
	x.i("MOVQ", mem(argSums, "DX"), "BX")
	x.i("MOVQ", mem(argN, "DX"), "CX")
	g.clearDst()
	if !v.supers() {
		x.loop("CX", 1, g.block)
		return
	}
	if v.mins != noMins {
		x.i("LEAQ", mem(panelDmin, "SI"), "R14")
	}
	x.loop("CX", 4, func() {
		if v.group == 256 {
			g.each(func(v, col int) { x.zero(g.sub(v, col)) })
		}
		x.i("MOVQ", "$4", "AX")
		x.loop("AX", 1, g.block)
		if v.group == 256 {
			g.scaleWide()
		}
		if v.mins != noMins {
			g.subtractMins()
		}
	})
}

func (g *gemm) each(f func(v, col int)) {
	for col := range g.cols {
		for v := range g.vecs {
			f(v, col)
		}
	}
}

// dst is the operand of a row vector of a column.
func (g *gemm) dst(v, col int) string {
	index := []string{"", "(R9*1)", "(R9*2)", "(R10*1)", "(R9*4)", "(R11*1)"}[g.cols[col]]
	return mem(g.bytes*v, "R8") + index
}

// clearDst zeroes dst if this is the first part of its columns.
func (g *gemm) clearDst() {
	skip := g.label("add")
	g.i("CMPQ", mem(argFirst, "DX"), "$0")
	g.i("JEQ", skip)
	g.zero(0)
	g.each(func(v, col int) { g.store(0, g.dst(v, col)) })
	g.f("%s:", skip)
}

// block multiplies 64 columns and steps to the next.
func (g *gemm) block() {
	switch g.v.group {
	case 32:
		for s := range 2 {
			g.start(offSum32, s)
			g.kgroups(8*s, 8)
			g.scale(s, s == 0)
			if g.v.mins == floatMins {
				g.addFloatMins(s)
			}
		}
	case 16:
		for s := range 4 {
			g.start(offSum16, s)
			g.kgroups(4*s, 4)
			g.scale(s, s == 0)
		}
	case 256:
		g.start(offSum32, 0)
		if g.v.offset {
			for col := range g.cols {
				g.broadcast(g.act(offSum32, 1, col), g.y(col))
				for v := range g.vecs {
					g.op("VPADDD", g.y(col), g.acc(v, col), g.acc(v, col))
				}
			}
		}
		g.kgroups(0, 16)
	}
	g.addBlock()
	g.i("ADDQ", imm(1024), "SI")
	g.i("ADDQ", imm(blockSize*g.c), "DI")
	if g.v.group < 256 {
		g.i("ADDQ", imm(64*64/g.v.group), "R12")
	}
	if g.v.mins == floatMins {
		g.i("ADDQ", imm(2*64), "R13")
	}
}

// act is the operand of a 32-bit word of a column, n-th of a section.
func (g *gemm) act(section, n, col int) string {
	return mem(section*g.c+4*(n*g.c+g.cols[col]), "DI")
}

// start begins integer sums, with what cancels the offset of the weights.
func (g *gemm) start(section, n int) {
	for col := range g.cols {
		for v := range g.vecs {
			switch {
			case !g.v.offset:
				g.zero(g.acc(v, col))
			case v == 0:
				g.broadcast(g.act(section, n, col), g.acc(v, col))
			default:
				g.move(g.acc(0, col), g.acc(v, col))
			}
		}
	}
}

// kgroups multiplies n times 4 columns of the weights.
func (g *gemm) kgroups(first, n int) {
	for k := first; k < first+n; k++ {
		for v, off := range g.vecs {
			g.load(mem(off+64*k, "SI"), g.w(v))
		}
		for col := range g.cols {
			g.broadcast(g.act(0, k, col), g.y(col))
			for v := range g.vecs {
				g.dp4(g.y(col), g.w(v), g.acc(v, col))
			}
		}
	}
}

// scale adds the integer sums, scaled, to sub.
func (g *gemm) scale(n int, first bool) {
	for v, off := range g.vecs {
		g.load(mem(off+64*n, "R12"), g.w(v))
	}
	i := 0
	g.each(func(v, col int) {
		t := g.tmp(i)
		i++
		g.toFloat(g.acc(v, col), t)
		if first {
			g.mul(t, g.w(v), g.sub(v, col))
		} else {
			g.fma(t, g.w(v), g.sub(v, col))
		}
	})
}

// addFloatMins adds min·Σy, where the panel's mins are divided by -128 as the
// sums are multiplied with it.
func (g *gemm) addFloatMins(s int) {
	for v, off := range g.vecs {
		g.load(mem(off+64*s, "R13"), g.w(v))
	}
	for col := range g.cols {
		y := g.y(col)
		g.broadcast(g.act(offSum32, s, col), y)
		g.toFloat(y, y)
		for v := range g.vecs {
			g.fma(y, g.w(v), g.sub(v, col))
		}
	}
}

// addBlock adds a block, times the activation scale, to dst, or to the sums of
// 256 columns.
func (g *gemm) addBlock() {
	i := 0
	for col := range g.cols {
		y := g.y(col)
		g.broadcast(g.act(offScale, 0, col), y)
		for v := range g.vecs {
			t := g.tmp(i)
			i++
			if g.v.group == 256 {
				g.toFloat(g.acc(v, col), t)
				g.fma(t, y, g.sub(v, col))
				continue
			}
			g.load(g.dst(v, col), t)
			g.fma(g.sub(v, col), y, t)
			g.store(t, g.dst(v, col))
		}
	}
}

// scaleWide adds the sums of 256 columns to dst.
func (g *gemm) scaleWide() {
	for v, off := range g.vecs {
		g.load(mem(off, "R12"), g.w(v))
	}
	i := 0
	g.each(func(v, col int) {
		t := g.tmp(i)
		i++
		g.load(g.dst(v, col), t)
		g.fma(g.sub(v, col), g.w(v), t)
		g.store(t, g.dst(v, col))
	})
	g.i("ADDQ", imm(64), "R12")
}

// subtractMins multiplies the integer mins of 256 columns with the quantised
// sums of the activations.
func (g *gemm) subtractMins() {
	section, pairs := offPair32, 4
	if g.v.mins == int16Mins {
		section, pairs = offPair16, 8
	}
	operand := func(section, n, col int) string {
		return mem(section*g.c+4*(n*g.c+g.cols[col]), "BX")
	}
	g.each(func(v, col int) { g.zero(g.acc(v, col)) })
	for p := range pairs {
		for v, off := range g.vecs {
			g.load(mem(off+64*p, "R13"), g.w(v))
		}
		for col := range g.cols {
			g.broadcast(operand(section, p, col), g.y(col))
			for v := range g.vecs {
				g.dp2(g.y(col), g.w(v), g.acc(v, col))
			}
		}
	}
	for v, off := range g.vecs {
		g.load(mem(off, "R14"), g.w(v))
	}
	i := 0
	for col := range g.cols {
		y := g.y(col)
		g.broadcast(operand(offUnit, 0, col), y)
		for v := range g.vecs {
			t := g.tmp(i)
			i++
			a := g.acc(v, col)
			g.toFloat(a, a)
			g.mul(a, g.w(v), a)
			g.load(g.dst(v, col), t)
			g.op("VFNMADD231PS", a, y, t)
			g.store(t, g.dst(v, col))
		}
	}
	g.i("ADDQ", imm(pairs*64), "R13")
	g.i("ADDQ", imm(64), "R14")
	g.i("ADDQ", imm(superSize*g.c), "BX")
}

// gemmKernel emits the kernel of a variant for groups of c vectors and one or
// two panels.
func (x *x86) gemmKernel(prefix string, v variant, c, panels int) string {
	name := fmt.Sprintf("%s_%s_%dx%d", prefix, v.name, 16*panels, c)
	x.groups(name, c, func() {
		for _, pass := range x.passes(c, panels) {
			x.gemmPass(v, c, pass.cols, pass.vecs)
		}
	})
	return name
}

// groups emits a matrix kernel around its body: the body multiplies one group
// of c vectors, the kernel as many as argCount says.
func (x *x86) groups(name string, c int, body func()) {
	x.f("\nTEXT ·%s<>(SB), NOSPLIT|NOFRAME, $0-0", name)
	x.i("MOVQ", mem(argLdd, "DX"), "R9")
	x.i("LEAQ", "(R9)(R9*2)", "R10")
	x.i("LEAQ", "(R9)(R9*4)", "R11")
	next := x.label("group")
	x.f("%s:", next)
	x.i("MOVQ", mem(argDst, "DX"), "R8")
	body()
	x.i("IMUL3Q", imm(c), "R9", "AX")
	x.i("ADDQ", "AX", mem(argDst, "DX"))
	x.i("MOVQ", mem(argNext, "DX"), "AX")
	x.i("ADDQ", "AX", mem(argActs, "DX"))
	x.i("ADDQ", "AX", mem(argSums, "DX"))
	x.i("SUBQ", "$1", mem(argCount, "DX"))
	x.i("JGT", next)
	x.i("VZEROUPPER")
	x.i("RET")
}

type pass struct{ cols, vecs []int }

// passes cuts a tile into what the registers hold: 32 rows by 6 columns on
// 64-byte vectors, 16 by 3 on 32-byte ones.
func (x *x86) passes(c, panels int) (p []pass) {
	cols := make([]int, c)
	for i := range cols {
		cols[i] = i
	}
	if x.zmm() {
		return []pass{{cols, []int{0, panelSize}[:panels]}}
	}
	for i := 0; i < c; i += 3 {
		p = append(p, pass{cols[i:min(i+3, c)], []int{0, 32}})
	}
	return p
}
