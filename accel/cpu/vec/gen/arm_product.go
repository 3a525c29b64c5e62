package main

import "fmt"

// Registers of a product: R0 the arguments, R1 c, R2 and R13 the row strides
// of c and a, R3 to R6 the rows of a, R7 and R11 the row and the panel of b,
// R8 steps left, R10 passes left, R12 a. A pass is 16
// columns, four vectors; V16 to V19 hold a row of b, V24 to V27 four elements
// of each row of a.

// neonElement is how a kernel reads b; load brings row u into V16 to V19.
type neonElement struct {
	name  string
	bytes int
	load  func(a *neon, u int)
}

var neonElements = []neonElement{
	{"F32", 4, func(a *neon, u int) {
		for h := range 4 {
			a.ins("FMOVQ %d(R7), F%d", u*128+h*16, 16+h)
		}
	}},
	{"F16", 2, func(a *neon, u int) {
		for h := range 2 {
			a.ins("FMOVQ %d(R7), F%d", u*64+h*16, 20+h)
			a.op("fcvtl", 16+2*h, 20+h)
			a.op("fcvtl2", 17+2*h, 20+h)
		}
	}},
	{"Q8", 1, func(a *neon, u int) {
		a.ins("FMOVQ %d(R7), F20", u*32)
		a.op("sxtl8", 21, 20)
		a.op("sxtl2_8", 22, 20)
		for h := range 2 {
			a.op("sxtl16", 16+2*h, 21+h)
			a.op("sxtl2_16", 17+2*h, 21+h)
		}
		for h := range 4 {
			a.op("scvtf", 16+h, 16+h)
		}
	}},
}

const neonRows = 4 // 16 accumulators

func productsARM64() []byte {
	a := newNEON()
	a.out.WriteString("#include \"go_asm.h\"\n")
	for _, e := range neonElements {
		a.begin("mul"+e.name+"NEON", neonRows)
		for rows := 1; rows <= neonRows; rows++ {
			a.productRows(e, rows)
		}
	}
	a.begin("scoreQ8NEON", 2)
	for rows := 1; rows <= 2; rows++ {
		a.scoreTile(rows)
	}
	return a.out.Bytes()
}

// begin writes the head of a kernel that takes a *product.
func (a *neon) begin(name string, most int) {
	fmt.Fprintf(&a.out, "\n// func %s(p *product)\nTEXT ·%s(SB), NOSPLIT, $0-8\n", name, name)
	a.ins(`MOVD p+0(FP), R0
		MOVD product_c(R0), R1
		MOVD product_ldc(R0), R2
		LSL $2, R2, R2
		MOVD product_panels(R0), R10
		LSL $1, R10, R10
		MOVD product_b(R0), R11
		MOVD product_a(R0), R12
		MOVD product_lda(R0), R13
		LSL $2, R13, R13
		MOVD product_rows(R0), R9`)
	for rows := 1; rows < most; rows++ {
		a.ins("CMP $%d, R9\nBEQ rows%d", rows, rows)
	}
	a.ins("B rows%d", most)
}

// rowPointers sets R3... to the rows of a.
func (a *neon) rowPointers(rows int) {
	a.ins("MOVD R12, R3")
	for r := 1; r < rows; r++ {
		a.ins("ADD R13, R%d, R%d", 2+r, 3+r)
	}
}

func (a *neon) productRows(e neonElement, rows int) {
	chains := neonRows / rows // accumulators that share a sum
	acc := func(u, r, h int) int { return (u%chains*rows+r)*4 + h }
	label := func(s string) string { return fmt.Sprintf("rows%d%s", rows, s) }
	step := func(u, element int) {
		e.load(a, u)
		for r := range rows {
			for h := range 4 {
				a.element("fmla", acc(element, r, h), 16+h, 24+r, element)
			}
		}
	}

	a.ins("%s:", label(""))
	for v := range chains * rows * 4 {
		a.zero(v)
	}
	a.ins("MOVD product_add(R0), R9\nCBZ R9, %s", label("start"))
	a.eachC(rows, func(r int) { a.ins("VLD1 (R9), %s", vectors(acc(0, r, 0), 4, "S4")) })
	a.ins("%s:", label("start"))
	a.rowPointers(rows)
	a.ins("MOVD R11, R7\nMOVD product_k(R0), R8")
	a.ins("SUBS $4, R8, R8\nBLT %s\n%s:", label("tail"), label("loop"))
	for r := range rows {
		a.ins("VLD1.P 16(R%d), [V%d.S4]", 3+r, 24+r)
	}
	for u := range 4 {
		step(u, u)
	}
	a.ins("ADD $%d, R7, R7\nSUBS $4, R8, R8\nBGE %s", 4*32*e.bytes, label("loop"))
	a.ins("%s:\nADDS $4, R8, R8\nBEQ %s\n%s:", label("tail"), label("store"), label("one"))
	for r := range rows {
		a.ins("VLD1R.P 4(R%d), [V%d.S4]", 3+r, 24+r)
	}
	step(0, 0)
	a.ins("ADD $%d, R7, R7\nSUBS $1, R8, R8\nBNE %s\n%s:", 32*e.bytes, label("one"), label("store"))
	for n := chains / 2; n > 0; n /= 2 {
		for v := range n * rows * 4 {
			a.op("fadd", v, v, v+n*rows*4)
		}
	}
	a.eachC(rows, func(r int) { a.ins("VST1 %s, (R9)", vectors(acc(0, r, 0), 4, "S4")) })
	a.nextPass(label(""), 16*e.bytes)
}

// eachC visits the rows of c with R9.
func (a *neon) eachC(rows int, f func(r int)) {
	a.ins("MOVD R1, R9")
	for r := range rows {
		f(r)
		if r+1 < rows {
			a.ins("ADD R2, R9, R9")
		}
	}
}

// nextPass goes on with the other half of the panel, skip bytes further, or
// the next panel.
func (a *neon) nextPass(label string, skip int) {
	a.ins("ADD $64, R1, R1\nADD $%d, R11, R11\nSUBS $1, R10, R10\nBEQ %sdone\nTBNZ $0, R10, %s", skip, label, label)
	a.ins("MOVD product_ldb(R0), R9\nADD R9, R11, R11\nSUB $%d, R11, R11\nB %s\n%sdone:\nRET", 2*skip, label, label)
}

// scoreTile is the integer product of x86_scores.go: codes [k/4][32 keys][4],
// query blocks of 40 bytes. Once the bias of the codes is off, both operands
// are signed.
func (a *neon) scoreTile(rows int) {
	label := func(s string) string { return fmt.Sprintf("rows%d%s", rows, s) }
	integer := func(r, h int) int { return r*4 + h }
	float := func(r, h int) int { return 8 + r*4 + h }
	const least = "MOVD $32, R9\nCMP R9, R8\nCSEL LT, R8, R9, R9"

	a.ins("%s:", label(""))
	for r := range rows {
		a.zero(float(r, 0), float(r, 1), float(r, 2), float(r, 3))
	}
	a.fill("bytes80", 31)
	a.rowPointers(rows)
	// The second pass begins 64 bytes into the codes, 32 into the scales.
	a.ins("MOVD R11, R7\nMOVD product_k(R0), R8\nADD R8<<5, R11, R14")
	a.ins("TBZ $0, R10, %s\nSUB $32, R14, R14\n%s:", label("block"), label("block"))
	for r := range rows {
		a.zero(integer(r, 0), integer(r, 1), integer(r, 2), integer(r, 3))
	}
	a.ins(least)
	a.ins("%s:", label("step"))
	for r := range rows {
		a.ins("VLD1R.P 4(R%d), [V%d.S4]", 3+r, 24+r)
	}
	for h := range 4 {
		a.ins("FMOVQ %d(R7), F%d", 16*h, 16+h)
		a.op("eor", 16+h, 16+h, 31)
		for r := range rows {
			a.op("sdot", integer(r, h), 16+h, 24+r)
		}
	}
	a.ins("ADD $128, R7, R7\nSUBS $4, R9, R9\nBNE %s", label("step"))
	a.ins(least)
	for h := range 2 {
		a.ins("FMOVQ %d(R14), F27", 16*h)
		a.op("fcvtl", 20+2*h, 27)
		a.op("fcvtl2", 21+2*h, 27)
	}
	for r := range rows {
		a.ins("SUB R9, R%d, R%d\nFMOVS 32(R%d), F26\nADD $40, R%d, R%d", 3+r, 3+r, 3+r, 3+r, 3+r)
		for h := range 4 {
			a.element("fmul", 29, 20+h, 26, 0)
			a.op("scvtf", 30, integer(r, h))
			a.op("fmla", float(r, h), 30, 29)
		}
	}
	a.ins("ADD $64, R14, R14\nSUBS $32, R8, R8\nBGT %s", label("block"))
	a.eachC(rows, func(r int) { a.ins("VST1 %s, (R9)", vectors(float(r, 0), 4, "S4")) })
	a.nextPass(label(""), 64)
}
