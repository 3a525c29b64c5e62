package main

import (
	"fmt"
	"strings"
)

// Registers of a product: AX the arguments, BX passes left, CX steps left, DX
// and R14 the panel and the row of b, DI c, SI a, R8 and R9 the row strides of
// c and a, R10 three times R9; R12, R13 and R15 point to rows 0, 4 and 8 of a.

// element is how a kernel reads b.
type element struct {
	name  string
	bytes int
	load  func(a *asm, u int) // row u of b, columns of the pass, into V24 and V25 (V12 and V13)
}

var elements = []element{
	{"F32", 4, func(a *asm, u int) {
		for h := range 2 {
			a.ins("VMOVUPS %d(R14), V%d", u*128+h*a.width, a.operand()+h)
		}
	}},
	{"F16", 2, func(a *asm, u int) {
		for h := range 2 {
			a.ins("VCVTPH2PS %d(R14), V%d", u*64+h*a.width/2, a.operand()+h)
		}
	}},
	{"Q8", 1, func(a *asm, u int) {
		for h := range 2 {
			r := a.operand() + h
			a.ins("VPMOVSXBD %d(R14), V%d\nVCVTDQ2PS V%d, V%d", u*32+h*a.width/4, r, r, r)
		}
	}},
}

// Kernels for at most fewRows rows wait for memory. They prefetch ahead bytes,
// which covers its latency at the rate of one core.
const (
	fewRows = 8
	ahead   = 8192
)

// operand is the first of the registers after the accumulators.
func (a *asm) operand() int {
	if a.wide() {
		return 24
	}
	return 12
}

// rowsOf are the numbers of rows for which a tier has a kernel: what fits two
// accumulators a row.
func (t tier) rowsOf() []int {
	if t.wide() {
		return []int{1, 2, 3, 4, 5, 6, 7, 8, 12}
	}
	return []int{1, 2, 3, 4, 5, 6}
}

// passes is how often a kernel crosses a panel of 32 columns.
func (t tier) passes() int { return 128 / (2 * t.width) }

func productsAMD64() []byte {
	a := newAsm()
	a.out.WriteString("#include \"go_asm.h\"\n")
	for _, a.tier = range tiers {
		for _, e := range elements {
			a.product(e)
		}
		a.scores()
	}
	a.table()
	return a.out.Bytes()
}

// rowAt is the operand of element d of row r of a, four rows to a pointer.
func rowAt(r, d int) string {
	base := []string{"R12", "R13", "R15"}[r/4]
	return fmt.Sprintf("%d(%s)%s", 4*d, base, []string{"", "(R9*1)", "(R9*2)", "(R10*1)"}[r%4])
}

// product writes c[rows][32*panels] (+)= a[rows][k]·b[panels][k][32].
func (a *asm) product(e element) {
	name := "mul" + e.name + strings.ToUpper(a.name)
	a.begin(name, a.rowsOf())
	for _, rows := range a.rowsOf() {
		a.productRows(e, rows)
	}
}

// begin writes the head of a kernel that takes a *product: loads and the jump
// to the least number of rows that is enough.
func (a *asm) begin(name string, sizes []int) {
	fmt.Fprintf(&a.out, "\n// func %s(p *product)\nTEXT ·%s(SB), NOSPLIT, $0-8\n", name, name)
	a.ins(`MOVQ p+0(FP), AX
		MOVQ product_panels(AX), BX
		MOVQ product_b(AX), DX
		MOVQ product_c(AX), DI
		MOVQ product_a(AX), SI
		MOVQ product_ldc(AX), R8
		MOVQ product_lda(AX), R9
		SHLQ $2, R8
		SHLQ $2, R9
		LEAQ (R9)(R9*2), R10
		MOVQ product_rows(AX), CX`)
	if a.passes() > 1 {
		a.ins("SHLQ $%d, BX", a.passes()/2)
	}
	for i, rows := range sizes {
		if i == len(sizes)-1 {
			a.ins("JMP rows%d", rows)
		} else {
			a.ins("CMPQ CX, $%d\nJLE rows%d", rows, rows)
		}
	}
}

// chains is how many accumulators share a sum, so that few rows still keep
// eight multiply-adds in flight.
func (a *asm) chains(rows int) int {
	switch room := a.operand() / (2 * rows); {
	case rows > 4 || room < 2:
		return 1
	case rows > 1 || room < 4:
		return 2
	}
	return 4
}

func (a *asm) productRows(e element, rows int) {
	chains := a.chains(rows)
	unroll := chains
	acc := func(chain, r, h int) int { return (chain*rows+r)*2 + h }
	step := func(u int) {
		e.load(a, u)
		if rows <= fewRows {
			a.ins("PREFETCHT0 %d(R14)", ahead+u*e.bytes*32)
		}
		scalar := a.operand() + 2
		for r := range rows {
			s := scalar
			if a.wide() {
				s += r % 6
			}
			a.ins("VBROADCASTSS %s, V%d", rowAt(r, u), s)
			for h := range 2 {
				a.ins("VFMADD231PS V%d, V%d, V%d", a.operand()+h, s, acc(u%chains, r, h))
			}
		}
	}
	advance := func(n int) {
		for r := 0; r < rows; r += 4 {
			a.ins("ADDQ $%d, %s", 4*n, []string{"R12", "R13", "R15"}[r/4])
		}
		a.ins("ADDQ $%d, R14", 32*e.bytes*n)
	}
	label := func(s string) string { return fmt.Sprintf("rows%d%s", rows, s) }

	a.ins("%s:", label(""))
	for v := range chains * rows * 2 {
		a.ins("VXORPS V%d, V%d, V%d", v, v, v)
	}
	a.ins("CMPQ product_add(AX), $0\nJEQ %s", label("start"))
	a.eachC(rows, func(mem string, r, h int) { a.ins("VMOVUPS %s, V%d", mem, acc(0, r, h)) })
	a.ins("%s:\nMOVQ SI, R12", label("start"))
	if rows > 4 {
		a.ins("LEAQ (SI)(R9*4), R13")
	}
	if rows > 8 {
		a.ins("LEAQ (SI)(R9*8), R15")
	}
	a.ins("MOVQ DX, R14\nMOVQ product_k(AX), CX\nSUBQ $%d, CX\nJLT %s", unroll, label("tail"))
	a.ins("%s:", label("loop"))
	for u := range unroll {
		step(u)
	}
	advance(unroll)
	a.ins("SUBQ $%d, CX\nJGE %s", unroll, label("loop"))
	a.ins("%s:", label("tail"))
	if unroll > 1 {
		a.ins("ADDQ $%d, CX\nJEQ %s\n%s:", unroll, label("store"), label("one"))
		step(0)
		advance(1)
		a.ins("DECQ CX\nJNE %s\n%s:", label("one"), label("store"))
	}
	for n := chains / 2; n > 0; n /= 2 {
		for v := range n * rows * 2 {
			a.ins("VADDPS V%d, V%d, V%d", v+n*rows*2, v, v)
		}
	}
	a.eachC(rows, func(mem string, r, h int) { a.ins("VMOVUPS V%d, %s", acc(0, r, h), mem) })
	a.nextPass(label(""), 2*a.lanes()*e.bytes)
}

// eachC visits the columns of the pass in every row of c; R12 moves.
func (a *asm) eachC(rows int, f func(mem string, r, h int)) {
	a.ins("MOVQ DI, R12")
	for r := range rows {
		for h := range 2 {
			f(fmt.Sprintf("%d(R12)", h*a.width), r, h)
		}
		if r+1 < rows {
			a.ins("ADDQ R8, R12")
		}
	}
}

// nextPass goes on with the next columns of the panel, skip bytes further, or
// the next panel.
func (a *asm) nextPass(label string, skip int) {
	a.ins("ADDQ $%d, DI\nDECQ BX\nJEQ %sdone", 2*a.width, label)
	if a.passes() == 1 {
		a.ins("ADDQ product_ldb(AX), DX\nJMP %s", label)
	} else {
		a.ins("ADDQ $%d, DX\nTESTQ $1, BX\nJNE %s", skip, label)
		a.ins("ADDQ product_ldb(AX), DX\nSUBQ $%d, DX\nJMP %s", 2*skip, label)
	}
	a.ins("%sdone:\nVZEROUPPER\nRET", label)
}
