package main

import "fmt"

// ymmGemm is the matrix kernel of a variant on 32-byte vectors: 16 rows in two
// vectors by cols columns of a group of c. It does what gemm does, in the same
// order, with sub in memory.
type ymmGemm struct {
	*x86
	bytesOf
	v    variant
	c    int
	cols int
}

func (g *ymmGemm) name() string {
	if !g.madd {
		return g.v.name
	}
	return fmt.Sprintf("%s_a%db%d", g.v.name, g.adds, g.bias)
}

// narrow tells whether integers are widened at least every other time: such
// kernels need registers for it, and have sums for fewer columns.
func (g *ymmGemm) narrow() bool { return g.madd && g.adds <= 2 }

func (g *ymmGemm) acc(v, col int) int { return v*g.cols + col }
func (g *ymmGemm) w(v int) int {
	if g.narrow() {
		return 8 + v
	}
	return 12 + v
}
func (g *ymmGemm) w2(v int) int { return 10 + v }
func (g *ymmGemm) y() int {
	if g.narrow() {
		return 12
	}
	return 14
}

func (g *ymmGemm) tmp(v int) int {
	if g.narrow() {
		return 13 + v
	}
	return 15
}

func (g *ymmGemm) each(f func(v, col int)) {
	for col := range g.cols {
		for v := range 2 {
			f(v, col)
		}
	}
}

func (g *ymmGemm) dst(v, col int) string {
	return mem(32*v, "R8") + []string{"", "(R9*1)", "(R9*2)", "(R10*1)", "(R9*4)", "(R11*1)"}[col]
}

// while emits a loop that runs as often as a counter in memory says.
func (g *ymmGemm) while(counter, step int, body func()) {
	label := g.label("loop")
	g.f("%s:", label)
	body()
	g.i("SUBQ", imm(step), mem(counter, "R15"))
	g.i("JGT", label)
}

// General registers are those of gemm, but CX points to the sums of the
// activation block and AX counts inside a block.
func (g *ymmGemm) kernel(name string) {
	g.cols = g.c
	if g.narrow() && g.c == 6 {
		g.cols = 3
	} else if g.narrow() && g.c == 4 {
		g.cols = 2
	}
	g.f("\nTEXT ·%s<>(SB), NOSPLIT|NOFRAME, $0-0", name)
	g.i("MOVQ", mem(argLdd, "DX"), "R9")
	g.i("LEAQ", "(R9)(R9*2)", "R10")
	g.i("LEAQ", "(R9)(R9*4)", "R11")
	if g.narrow() {
		g.i("VMOVDQU", ones, g.r(15))
	}
	next := g.label("group")
	g.f("%s:", next)
	g.i("MOVQ", imm(g.c/g.cols), mem(spillPass, "R15"))
	g.while(spillPass, 1, func() {
		g.pass()
		g.i("IMUL3Q", imm(g.cols), "R9", "AX")
		g.i("ADDQ", "AX", mem(argDst, "DX"))
		g.i("ADDQ", imm(4*g.cols), mem(argActs, "DX"))
		g.i("ADDQ", imm(4*g.cols), mem(argSums, "DX"))
	})
	g.i("MOVQ", mem(argNext, "DX"), "AX")
	g.i("SUBQ", imm(4*g.c), "AX")
	g.i("ADDQ", "AX", mem(argActs, "DX"))
	g.i("ADDQ", "AX", mem(argSums, "DX"))
	g.i("SUBQ", "$1", mem(argCount, "DX"))
	g.i("JGT", next)
	g.i("VZEROUPPER")
	g.i("RET")
}

func (g *ymmGemm) pass() {
	g.i("MOVQ", mem(argDst, "DX"), "R8")
	g.i("MOVQ", mem(argW, "DX"), "SI")
	g.i("LEAQ", mem(panelScales, "SI"), "R12")
	g.i("LEAQ", mem(panelMins, "SI"), "R13")
	g.i("LEAQ", mem(panelDmin, "SI"), "R14")
	g.i("MOVQ", mem(argActs, "DX"), "DI")
	g.i("MOVQ", mem(argSums, "DX"), "BX")
	g.i("MOVQ", mem(argN, "DX"), "AX")
	g.i("MOVQ", "AX", mem(spillTurns, "R15"))
	skip := g.label("add")
	g.i("CMPQ", mem(argFirst, "DX"), "$0")
	g.i("JEQ", skip)
	g.zero(0)
	g.each(func(v, col int) { g.store(0, g.dst(v, col)) })
	g.f("%s:", skip)
	if !g.v.supers() {
		g.while(spillTurns, 1, g.block)
		return
	}
	g.while(spillTurns, 4, func() {
		if g.v.group == 256 {
			g.clearSub()
		}
		g.i("MOVQ", "$4", mem(spillBlock, "R15"))
		g.while(spillBlock, 1, g.block)
		if g.v.group == 256 {
			g.scaleWide()
		}
		if g.v.mins != noMins {
			g.subtractMins()
		}
	})
}

func (g *ymmGemm) clearSub() {
	g.zero(0)
	g.each(func(v, col int) { g.store(0, spill(spillSub, g.acc(v, col))) })
}

// block multiplies 64 columns and steps to the next.
func (g *ymmGemm) block() {
	section := offSum32
	if g.v.group == 16 {
		section = offSum16
	}
	g.i("LEAQ", mem(section*g.c, "DI"), "CX")
	if g.v.group == 256 {
		g.wideBlock()
	} else {
		g.clearSub()
		g.i("MOVQ", imm(64/g.v.group), "AX")
		g.loop("AX", 1, g.group)
	}
	g.i("ADDQ", imm((blockSize-64)*g.c), "DI")
}

// group multiplies the columns of one scale.
func (g *ymmGemm) group() {
	g.start()
	g.kgroups(g.v.group/4, true)
	g.finish()
	g.scales()
	g.each(func(v, col int) {
		a := g.acc(v, col)
		g.toFloat(a, a)
		g.fmaMem(spill(spillSub, a), g.w(v), a)
	})
	if g.v.mins == floatMins {
		g.addFloatMins()
	}
	last, next := g.label("last"), g.label("next")
	g.i("ADDQ", imm(64), "R12")
	g.i("ADDQ", imm(4*g.c), "CX")
	g.i("CMPQ", "AX", "$1")
	g.i("JEQ", last)
	g.each(func(v, col int) { g.store(g.acc(v, col), spill(spillSub, g.acc(v, col))) })
	g.i("JMP", next)
	g.f("%s:", last)
	for col := range g.cols {
		g.broadcast(g.act(offScale-64, col), g.y())
		for v := range 2 {
			g.addToDst("VFMADD213PS", v, col)
		}
	}
	g.f("%s:", next)
}

// addToDst adds the sums of a column, times y, to dst.
func (g *ymmGemm) addToDst(op string, v, col int) {
	a := g.acc(v, col)
	g.i(op, g.dst(v, col), g.r(g.y()), g.r(a))
	g.store(a, g.dst(v, col))
}

// wideBlock adds 64 columns to the sums of 256.
func (g *ymmGemm) wideBlock() {
	g.start()
	if g.madd { // sums begin inside the loop
		g.each(func(v, col int) { g.zero(g.acc(v, col)) })
	} else if g.v.offset {
		for col := range g.cols {
			g.broadcast(mem(4*(g.c+col), "CX"), g.y())
			for v := range 2 {
				g.op("VPADDD", g.y(), g.acc(v, col), g.acc(v, col))
			}
		}
	}
	g.i("MOVQ", "$4", "AX")
	g.loop("AX", 1, func() { g.kgroups(4, false) })
	g.finish()
	for col := range g.cols {
		g.broadcast(g.act(offScale-64, col), g.y())
		for v := range 2 {
			a := g.acc(v, col)
			g.toFloat(a, a)
			g.fmaMem(spill(spillSub, a), g.y(), a)
			g.store(a, spill(spillSub, a))
		}
	}
}

// act is the operand of a column's 32-bit word of a section.
func (g *ymmGemm) act(section, col int) string { return mem(section*g.c+4*col, "DI") }

// start begins the sums of 4-way dot products.
func (g *ymmGemm) start() {
	if g.madd {
		return
	}
	for col := range g.cols {
		if !g.v.offset {
			g.zero(g.acc(0, col))
			g.zero(g.acc(1, col))
			continue
		}
		g.broadcast(mem(4*col, "CX"), g.acc(0, col))
		g.move(g.acc(0, col), g.acc(1, col))
	}
}

// finish cancels the bias of the weights, or adds what signed left out.
func (g *ymmGemm) finish() {
	if g.madd && g.adds == 1 {
		for v := range 2 {
			g.load(mem(32*v, "R13"), g.w(v))
		}
		g.each(func(v, col int) { g.op("VPADDD", g.w(v), g.acc(v, col), g.acc(v, col)) })
		g.i("ADDQ", imm(64), "R13")
	}
	if !g.madd || g.bias == 0 {
		return
	}
	for col := range g.cols {
		g.broadcast(mem(4*col, "CX"), g.y())
		g.unbias(g.bias, g.y())
		for v := range 2 {
			g.op("VPADDD", g.y(), g.acc(v, col), g.acc(v, col))
		}
	}
}

// kgroups multiplies n times 4 columns and steps behind them. first: the sums
// begin here.
func (g *ymmGemm) kgroups(n int, first bool) {
	for k := 0; k < n; {
		switch {
		case !g.madd:
			g.dot(k)
			k++
		case g.adds == 1:
			g.signed(k, first && k == 0)
			k++
		case g.adds == 2:
			g.twice(k, first && k == 0)
			k += 2
		default:
			m := min(n, g.adds)
			g.many(k, m, k == 0, k+m == n)
			k += m
		}
	}
	g.i("ADDQ", imm(64*n), "SI")
	g.i("ADDQ", imm(4*g.c*n), "DI")
}

func (g *ymmGemm) weights(k int, reg func(v int) int) {
	for v := range 2 {
		g.load(mem(64*k+32*v, "SI"), reg(v))
	}
}

func (g *ymmGemm) column(k, col int) { g.broadcast(mem(4*(k*g.c+col), "DI"), g.y()) }

func (g *ymmGemm) dot(k int) {
	g.weights(k, g.w)
	for col := range g.cols {
		g.column(k, col)
		for v := range 2 {
			g.dp4(g.y(), g.w(v), g.acc(v, col))
		}
	}
}

// many adds m sums in 16 bits.
func (g *ymmGemm) many(k, m int, first, last bool) {
	for i := range m {
		g.weights(k+i, g.w)
		for col := range g.cols {
			g.column(k+i, col)
			for v := range 2 {
				a := g.acc(v, col)
				if i == 0 {
					g.op("VPMADDUBSW", g.y(), g.w(v), a)
					continue
				}
				g.op("VPMADDUBSW", g.y(), g.w(v), g.tmp(v))
				g.op("VPADDW", g.tmp(v), a, a)
			}
		}
	}
	g.each(func(v, col int) {
		a := g.acc(v, col)
		g.maddOnes(a)
		if !first {
			g.i("VPADDD", spill(spillAcc, a), g.r(a), g.r(a))
		}
		if !last {
			g.store(a, spill(spillAcc, a))
		}
	})
}

// twice adds two sums in 16 bits.
func (g *ymmGemm) twice(k int, first bool) {
	const second = 7
	g.weights(k, g.w)
	g.weights(k+1, g.w2)
	for col := range g.cols {
		g.column(k, col)
		for v := range 2 {
			g.op("VPMADDUBSW", g.y(), g.w(v), g.tmp(v))
		}
		g.column(k+1, col)
		for v := range 2 {
			g.op("VPMADDUBSW", g.y(), g.w2(v), second)
			g.op("VPADDW", second, g.tmp(v), g.tmp(v))
			g.widen(v, col, first)
		}
	}
}

// widen adds 16-bit sums to the 32-bit ones.
func (g *ymmGemm) widen(v, col int, first bool) {
	a := g.acc(v, col)
	if first {
		g.op("VPMADDWD", 15, g.tmp(v), a)
		return
	}
	g.op("VPMADDWD", 15, g.tmp(v), g.tmp(v))
	g.op("VPADDD", g.tmp(v), a, a)
}

// signed multiplies |w| with y, or with -y-1 where w is negative: an exclusive
// or, which made whole kernels a fifth faster than VPSIGNB on Zen 4. The sums of
// negatives in the panel make up for the 1.
func (g *ymmGemm) signed(k int, first bool) {
	g.weights(k, g.w)
	g.zero(g.y())
	for v := range 2 {
		g.op("VPABSB", g.w(v), g.w2(v))
		g.op("VPCMPGTB", g.w(v), g.y(), g.w(v))
	}
	for col := range g.cols {
		g.column(k, col)
		for v := range 2 {
			g.xor(g.w(v), g.y(), g.tmp(v))
			g.op("VPMADDUBSW", g.tmp(v), g.w2(v), g.tmp(v))
			g.widen(v, col, first)
		}
	}
}

func (g *ymmGemm) scales() {
	for v := range 2 {
		g.load(mem(32*v, "R12"), g.w(v))
	}
}

func (g *ymmGemm) addFloatMins() {
	for v := range 2 {
		g.load(mem(32*v, "R13"), g.w(v))
	}
	for col := range g.cols {
		g.broadcast(mem(4*col, "CX"), g.y())
		g.toFloat(g.y(), g.y())
		for v := range 2 {
			g.fma(g.y(), g.w(v), g.acc(v, col))
		}
	}
	g.i("ADDQ", imm(64), "R13")
}

// scaleWide adds the sums of 256 columns to dst.
func (g *ymmGemm) scaleWide() {
	g.scales()
	g.each(func(v, col int) {
		a := g.acc(v, col)
		g.load(spill(spillSub, a), a)
		g.i("VFMADD213PS", g.dst(v, col), g.r(g.w(v)), g.r(a))
		g.store(a, g.dst(v, col))
	})
	g.i("ADDQ", imm(64), "R12")
}

func (g *ymmGemm) subtractMins() {
	section, pairs := offPair32, 4
	if g.v.mins == int16Mins {
		section, pairs = offPair16, 8
	}
	sum := func(section, n, col int) string { return mem(section*g.c+4*(n*g.c+col), "BX") }
	g.each(func(v, col int) { g.zero(g.acc(v, col)) })
	for p := range pairs {
		for v := range 2 {
			g.load(mem(64*p+32*v, "R13"), g.w(v))
		}
		for col := range g.cols {
			g.broadcast(sum(section, p, col), g.y())
			for v := range 2 {
				a := g.acc(v, col)
				if !g.madd {
					g.dp2(g.y(), g.w(v), a)
					continue
				}
				g.op("VPMADDWD", g.y(), g.w(v), g.tmp(v))
				g.op("VPADDD", g.tmp(v), a, a)
			}
		}
	}
	for v := range 2 {
		g.load(mem(32*v, "R14"), g.w(v))
	}
	for col := range g.cols {
		g.broadcast(sum(offUnit, 0, col), g.y())
		for v := range 2 {
			a := g.acc(v, col)
			g.toFloat(a, a)
			g.mul(a, g.w(v), a)
			g.addToDst("VFNMADD213PS", v, col)
		}
	}
	g.i("ADDQ", imm(pairs*64), "R13")
	g.i("ADDQ", imm(64), "R14")
	g.i("ADDQ", imm(superSize*g.c), "BX")
}
