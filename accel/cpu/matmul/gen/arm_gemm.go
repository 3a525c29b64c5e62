package main

import "fmt"

// armGemm is the matrix kernel of a variant for groups of c vectors: 8 rows at
// a time, in the steps of gemm in x86_gemm.go.
type armGemm struct {
	*arm
	v variant
	c int
}

// Vector registers: 12 integer sums from 0, 12 of floats from 12, weights from
// 24 and activations from 28.
const (
	armW = 24
	armY = 28
)

func (g *armGemm) acc(v, col int) int { return v*max(g.c, 2) + col }
func (g *armGemm) sub(v, col int) int { return 12 + g.acc(v, col) }

// General registers: R1 dst, R2 its stride, R3 the activations and R4 their
// sums, R5 groups left, R7 the panel; of the half R17 the quants, R8 the
// scales, R9 mins, R10 dmin, R11 the activations, R12 their sums, R13 blocks
// left, R14 dst, R16 halves left, R19 to R24 the columns of dst; R15 the
// number of halves, R25 and R6 count inside.
func (g *armGemm) kernel(name string) {
	g.groups(name, func() {
		g.args(argW, "R7")
		g.i("MOVD", "R15", "R16")
		half, end := g.label("half"), g.label("end")
		g.f("%s:", half)
		g.half()
		g.add(32, "R14")
		g.add(32, "R7")
		g.i("SUBS", "$1", "R16")
		g.i("BEQ", end)
		g.i("TBNZ", "$0", "R16", half) // the same panel's other half
		g.add(panelSize-64, "R7")
		g.i("B", half)
		g.f("%s:", end)
	}, g.c)
}

// groups emits a kernel around its body: the body multiplies one group of c
// vectors, the kernel as many as argCount says. R1 still holds the kernel's
// number, bit 2 of which tells 32 rows from 16.
func (a *arm) groups(name string, body func(), c int) {
	a.begin(name)
	a.i("UBFX", "$2", "R1", "$1", "R15")
	a.i("ADD", "$1", "R15")
	a.i("LSL", "$1", "R15")
	a.args(argDst, "R1", argLdd, "R2", argActs, "R3", argSums, "R4", argCount, "R5")
	a.loop("R5", 1, func() {
		a.i("MOVD", "R1", "R14")
		body()
		a.i("MOVD", imm(c), "R16")
		a.i("MADD", "R16", "R1", "R2", "R1")
		a.args(argNext, "R16")
		a.i("ADD", "R16", "R3")
		a.i("ADD", "R16", "R4")
	})
	a.i("RET")
}

// columns points R19… to the columns of dst.
func (a *arm) columns(c int) {
	a.i("MOVD", "R14", "R19")
	for i := 1; i < c; i++ {
		a.i("ADD", "R2", reg(18+i), reg(19+i))
	}
}

// counted repeats a body n times.
func (a *arm) counted(register string, n int, body func()) {
	if n == 1 {
		body()
		return
	}
	a.i("MOVD", imm(n), register)
	a.loop(register, 1, body)
}

func (g *armGemm) each(f func(v, col int)) {
	for col := range g.c {
		for v := range 2 {
			f(v, col)
		}
	}
}

func (g *armGemm) half() {
	g.columns(g.c)
	g.i("MOVD", "R7", "R17")
	g.i("ADD", imm(panelScales), "R7", "R8")
	if g.v.mins != noMins {
		g.i("ADD", imm(panelMins), "R7", "R9")
		g.i("ADD", imm(panelDmin), "R7", "R10")
	}
	g.i("MOVD", "R3", "R11")
	g.i("MOVD", "R4", "R12")
	g.clearDst()
	g.args(argN, "R13")
	if !g.v.supers() {
		g.loop("R13", 1, g.block)
		return
	}
	g.loop("R13", 4, func() {
		if g.v.group == 256 {
			g.each(func(v, col int) { g.zero(g.sub(v, col)) })
		}
		g.counted("R25", 4, g.block)
		if g.v.group == 256 {
			g.scaleWide()
		}
		if g.v.mins != noMins {
			g.subtractMins()
		}
	})
}

// clearDst zeroes dst if this is the first part of its columns.
func (g *armGemm) clearDst() {
	skip := g.label("add")
	g.args(argFirst, "R25")
	g.i("CBZ", "R25", skip)
	g.zero(0)
	for col := range g.c {
		g.store2(0, 0, mem(0, reg(19+col)))
	}
	g.f("%s:", skip)
}

// block multiplies 64 columns and steps to the next.
func (g *armGemm) block() {
	if g.v.group == 256 {
		g.each(func(v, col int) { g.zero(g.acc(v, col)) })
		g.zeroSpare()
		g.counted("R6", 2, func() { g.kgroups(8) })
		g.integers()
	} else {
		g.each(func(v, col int) { g.zero(g.sub(v, col)) })
		if g.v.mins == floatMins {
			g.i("ADD", imm(offSum32*g.c), "R11", "R12")
		}
		g.counted("R6", 64/g.v.group, func() {
			g.each(func(v, col int) { g.zero(g.acc(v, col)) })
			g.zeroSpare()
			g.kgroups(g.v.group / 4)
			g.integers()
			g.scale()
		})
	}
	g.addBlock()
	g.add((blockSize-64)*g.c, "R11")
}

// zeroSpare clears the sums that a matrix product of one column leaves unused.
func (g *armGemm) zeroSpare() {
	g.zeroIf(g.i8mm && g.c == 1, g.acc(0, 1), g.acc(1, 1))
}

// kgroups multiplies n times 4 columns of the weights.
func (g *armGemm) kgroups(n int) {
	if g.i8mm {
		g.pairs(n / 2)
		return
	}
	per := 1 // kgroups in as few whole vectors of activations as possible
	for per*g.c%4 != 0 {
		per *= 2
	}
	for k := range n {
		g.load2(mem(64*k, "R17"), armW+k%2*2, armW+k%2*2+1)
		if k%per == 0 {
			for i := range per * g.c / 4 {
				g.load(mem(4*k*g.c+16*i, "R11"), armY+i)
			}
		}
		g.each(func(v, col int) {
			i := k%per*g.c + col
			g.element("sdot", g.acc(v, col), armW+k%2*2+v, armY+i/4, i%4)
		})
	}
	g.add(64*n, "R17")
	g.add(4*g.c*n, "R11")
}

// pairs multiplies n times 8 columns with products of 2 rows by 2 vectors,
// whose sums are side by side in acc(v, col) and acc(v, col+1).
func (g *armGemm) pairs(n int) {
	for k := range n {
		y := g.pairActs(8*k*g.c, 8*k*g.c+4*g.c)
		for v := range 2 {
			g.load2(mem(64*(2*k+v), "R17"), armW+2*v, armW+2*v+1)
		}
		for p, r := range y {
			for v := range 2 {
				for i := range 2 {
					g.op("smmla.4s", g.acc(v, 2*p+i), armW+2*v+i, r)
				}
			}
		}
	}
	g.add(128*n, "R17")
	g.add(8*g.c*n, "R11")
}

// pairActs brings 8 columns of two vectors side by side into a register. They
// lie at two places in the activations, 4 columns each.
func (g *armGemm) pairActs(first, second int) (regs []int) {
	n := min(g.c, 4)
	g.loadN(n, mem(first, "R11"), armY)
	g.loadN(n, mem(second, "R11"), armY+1)
	g.op("zip1.4s", armY+2, armY, armY+1)
	regs = append(regs, armY+2)
	if g.c > 2 {
		g.op("zip2.4s", armY+1, armY, armY+1)
		regs = append(regs, armY+1)
	}
	if g.c > 4 {
		g.loadN(2, mem(first+16, "R11"), armY)
		g.loadN(2, mem(second+16, "R11"), armY+3)
		g.op("zip1.4s", armY, armY, armY+3)
		regs = append(regs, armY)
	}
	return regs
}

// integers turns the sums of matrix products into sums of 4 rows, and converts.
func (g *armGemm) integers() {
	if g.i8mm {
		for v := range 2 {
			for col := 0; col < g.c; col += 2 {
				a, b, t := g.acc(v, col), g.acc(v, col+1), armW+2*v
				g.op("uzp1.4s", t, a, b)
				g.op("uzp2.4s", b, a, b)
				g.op("scvtf.4s", a, t)
				if col+1 < g.c {
					g.op("scvtf.4s", b, b)
				}
			}
		}
		return
	}
	g.each(func(v, col int) { g.op("scvtf.4s", g.acc(v, col), g.acc(v, col)) })
}

// scale adds the sums of a group, scaled, to sub, with float mins times Σy:
// they are divided by -128 as the sums are multiplied with it.
func (g *armGemm) scale() {
	g.load2("(R8)", armW, armW+1)
	g.add(64, "R8")
	g.each(func(v, col int) { g.op("fmla.4s", g.sub(v, col), g.acc(v, col), armW+v) })
	if g.v.mins != floatMins {
		return
	}
	g.load2("(R9)", armW, armW+1)
	g.add(64, "R9")
	g.loadWords(g.c, 0, "R12", armY)
	g.add(4*g.c, "R12")
	for i := range (g.c + 3) / 4 {
		g.op("scvtf.4s", armY+i, armY+i)
	}
	g.each(func(v, col int) { g.element("fmla", g.sub(v, col), armW+v, armY+col/4, col%4) })
}

// addBlock adds a block, times the activation scale, to dst, or to the sums of
// 256 columns. R11 is behind the block's quants.
func (g *armGemm) addBlock() {
	g.loadWords(g.c, (offScale-64)*g.c, "R11", armY)
	if g.v.group == 256 {
		g.each(func(v, col int) { g.element("fmla", g.sub(v, col), g.acc(v, col), armY+col/4, col%4) })
		return
	}
	g.update(func(v, col, t int) { g.element("fmla", t, g.sub(v, col), armY+col/4, col%4) })
}

// update changes dst, column by column: f gets a register that holds 4 rows.
func (g *armGemm) update(f func(v, col, t int)) {
	for col := range g.c {
		t := armW + col%2*2
		g.load2(mem(0, reg(19+col)), t, t+1)
		f(0, col, t)
		f(1, col, t+1)
		g.store2(t, t+1, mem(0, reg(19+col)))
	}
}

// scaleWide adds the sums of 256 columns to dst.
func (g *armGemm) scaleWide() {
	g.load2("(R8)", armY, armY+1)
	g.add(64, "R8")
	g.update(func(v, col, t int) { g.op("fmla.4s", t, g.sub(v, col), armY+v) })
}

// subtractMins multiplies the integer mins of 256 columns with the quantised
// sums of the activations: 4 of a row at a time, with the signed high bytes of
// the sums and then the unsigned low ones, which wait in the place of sub.
func (g *armGemm) subtractMins() {
	quads := g.v.minQuads()
	g.each(func(v, col int) { g.zero(g.acc(v, col)) })
	low := func(p int) int { return 12 + 2*p }
	mins := func(p, y int, high bool) {
		g.load2(mem(64*p, "R9"), armW, armW+1)
		g.each(func(v, col int) { g.minDot(high, g.acc(v, col), armW+v, y+col/4, col%4) })
	}
	for p := range quads {
		at := (g.v.minSums() + 8*p) * g.c
		for i := range (g.c + 3) / 4 {
			n := min(g.c-4*i, 4)
			g.loadN(n, mem(at+16*i, "R12"), armY)
			g.loadN(n, mem(at+4*g.c+16*i, "R12"), armY+1)
			g.op("zip2.4s", armY+2, armY, armY+1)
			g.op("zip1.4s", armY, armY, armY+1)
			g.minBytes(false, low(p)+i, armY, armY+2)
			g.minBytes(true, armW+2+i, armY, armY+2)
		}
		mins(p, armW+2, true)
	}
	g.each(func(v, col int) { g.shift("shl", 32, g.acc(v, col), g.acc(v, col), 8) })
	for p := range quads {
		mins(p, low(p), false)
	}
	g.load2("(R10)", armY, armY+1)
	g.each(func(v, col int) {
		a := g.acc(v, col)
		g.op("scvtf.4s", a, a)
		g.op("fmul.4s", a, a, armY+v)
	})
	g.loadWords(g.c, offUnit*g.c, "R12", armY)
	g.update(func(v, col, t int) { g.element("fmls", t, g.acc(v, col), armY+col/4, col%4) })
	g.add(64*quads, "R9")
	g.add(64, "R10")
	g.add(superSize*g.c, "R12")
}

// armFloat emits the matrix kernel of a float type. Even and odd columns have
// sums of their own, so that one or two vectors still keep the adders busy;
// these take all 16 rows at once, for they wait for memory.
func (a *arm) float(name string, t armFloatType, c int) {
	vecs := 2
	if c <= 2 {
		vecs = 4
	}
	a.groups(name, func() {
		a.args(argW, "R7")
		row, end := a.label("row"), a.label("end")
		a.i("MOVD", "R15", "R16")
		a.f("%s:", row)
		a.columns(c)
		a.floatPass(t, c, vecs)
		a.add(16*vecs, "R14")
		a.i("SUBS", imm(vecs/2), "R16")
		a.i("BEQ", end)
		if vecs == 2 {
			a.add(8*t.size, "R7")
			a.i("TBNZ", "$0", "R16", row) // the same block's other half
		}
		a.args(argW2, "R7")
		a.i("B", row)
		a.f("%s:", end)
	}, c)
}

// armFloatType is one column of 16 rows: load brings n vectors to dst.
type armFloatType struct {
	size int
	load func(a *arm, off, n, dst int)
}

func halvesAt(low, high string) func(a *arm, off, n, dst int) {
	return func(a *arm, off, n, dst int) {
		for i := 0; i < n; i += 2 {
			a.load(mem(off+8*i, "R17"), dst+i)
			a.op(high, dst+i+1, dst+i)
			a.op(low, dst+i, dst+i)
		}
	}
}

var armFloatTypes = map[string]armFloatType{
	"f16":  {2, halvesAt("fcvtl.4s", "fcvtl2.4s")},
	"bf16": {2, halvesAt("shll.4s", "shll2.4s")},
	"f32": {4, func(a *arm, off, n, dst int) {
		for i := 0; i < n; i += 2 {
			a.load2(mem(off+16*i, "R17"), dst+i, dst+i+1)
		}
	}},
}

func (a *arm) floatPass(t armFloatType, c, vecs int) {
	acc := func(odd, v, col int) int { return 12*odd + v*c + col }
	each := func(f func(v, col int)) {
		for col := range c {
			for v := range vecs {
				f(v, col)
			}
		}
	}
	step := func(k int) {
		t.load(a, 16*t.size*k, vecs, armW)
		a.loadWords(c, 4*c*k, "R11", armY)
		each(func(v, col int) { a.element("fmla", acc(k, v, col), armW+v, armY+col/4, col%4) })
	}
	a.i("MOVD", "R7", "R17")
	a.i("MOVD", "R3", "R11")
	a.args(argN, "R13")
	each(func(v, col int) { a.zero(acc(0, v, col), acc(1, v, col)) })
	last, end, pair := a.label("last"), a.label("end"), a.label("pair")
	a.i("SUBS", "$2", "R13")
	a.i("BLT", last)
	a.f("%s:", pair)
	if c == 1 {
		for off := 0; off < 32*t.size; off += 64 {
			a.i("ADD", imm(prefetchAhead), "R17", "R25")
			a.i("PRFM", mem(off, "R25"), "PLDL1KEEP")
		}
	}
	step(0)
	step(1)
	a.add(32*t.size, "R17")
	a.add(8*c, "R11")
	a.i("SUBS", "$2", "R13")
	a.i("BGE", pair)
	a.f("%s:", last)
	a.i("CMN", "$1", "R13")
	a.i("BNE", end)
	step(0)
	a.f("%s:", end)
	each(func(v, col int) { a.op("fadd.4s", acc(0, v, col), acc(0, v, col), acc(1, v, col)) })
	for col := range c {
		for v := 0; v < vecs; v += 2 {
			a.store2(acc(0, v, col), acc(0, v+1, col), mem(16*v, reg(19+col)))
		}
	}
}

// armKernels emits the kernels of both tiers: they differ in the products of
// int8 matrices and the panels for them.
func armKernels(f *file) {
	plain, i8mm := &arm{file: f}, &arm{file: f, i8mm: true}
	tables := map[*arm][]string{}
	both := func(name string) {
		for _, a := range []*arm{plain, i8mm} {
			tables[a] = append(tables[a], name)
		}
	}
	gemm := func(name string, emit func(a *arm, name string)) {
		for _, a := range []*arm{plain, i8mm} {
			n := name
			if a.i8mm {
				n += "_i8mm"
			}
			emit(a, n)
			tables[a] = append(tables[a], n)
		}
	}
	for _, v := range variants {
		for _, c := range groups {
			gemm(fmt.Sprintf("%s_%d", v.name, c), func(a *arm, n string) { (&armGemm{a, v, c}).kernel(n) })
		}
		for _, a := range []*arm{plain, i8mm} { // the same for one panel and two
			t := tables[a]
			tables[a] = append(t, t[len(t)-len(groups):]...)
		}
	}
	for _, t := range floatTypes {
		for range 2 {
			for _, c := range groups {
				both(fmt.Sprintf("%s_%d", t.name, c))
			}
		}
		for _, c := range groups {
			plain.float(fmt.Sprintf("%s_%d", t.name, c), armFloatTypes[t.name], c)
		}
	}
	for _, name := range typeOrder {
		w := weightNamed(name)
		gemm("unpack_"+name, func(a *arm, n string) { a.unpack(n, w) })
		plain.gemv("gemv_"+name, w)
		both("gemv_" + name)
	}
	plain.call("neon", tables[plain])
	plain.call("i8mm", tables[i8mm])
	f.bytes("iq4", iq4Codes)
	f.bytes("fp4", fp4Codes)
	f.bytes("wordSplats", []int{0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12})
}

// call emits func call_NAME(kernel int, a *args): a jump through the table,
// with the arguments in R0 and the number in R1.
func (a *arm) call(name string, table []string) {
	a.f("\n// func call_%s(kernel int, a *args)", name)
	a.f("TEXT ·call_%s(SB), NOSPLIT|NOFRAME, $0-16", name)
	a.i("MOVD", "kernel+0(FP)", "R1")
	a.i("MOVD", "a+8(FP)", "R0")
	a.i("MOVD", "$·"+name+"_table<>(SB)", "R2")
	a.i("MOVD", "(R2)(R1<<3)", "R2")
	a.i("JMP", "(R2)")
	a.pointers(name, table)
}
