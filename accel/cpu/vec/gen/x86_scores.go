package main

import "fmt"

// Integer scores of Q8_0: b holds the codes [k/4][32 keys][4] of a panel and
// then the scales [k/32][32]; a holds query blocks of 40 bytes: 32 codes, a
// float32 scale and an int32 bias. In the loop over the blocks R11 points to
// the scales of the keys, R15 counts the dimensions of a block.

// scoreRows are the numbers of rows a kernel takes: each has two integer and
// two float accumulators.
func (t tier) scoreRows() []int {
	if t.wide() {
		return []int{1, 2, 3, 4, 6}
	}
	return []int{1, 2}
}

func (a *asm) scores() {
	name := "scoreQ8AVX2"
	if a.wide() {
		name = "scoreQ8VNNI"
	}
	a.begin(name, a.scoreRows())
	for _, rows := range a.scoreRows() {
		a.scoreTile(rows)
	}
}

func (a *asm) scoreTile(rows int) {
	label := func(s string) string { return fmt.Sprintf("rows%d%s", rows, s) }
	integer := func(r, h int) int { return r*2 + h }
	float := func(r, h int) int { return (rows+r)*2 + h }
	bases := func(op string, by string) {
		a.ins("%s %s, R12", op, by)
		if rows > 4 {
			a.ins("%s %s, R13", op, by)
		}
	}

	a.ins("%s:\nMOVQ SI, R12", label(""))
	if rows > 4 {
		a.ins("LEAQ (SI)(R9*4), R13")
	}
	a.ins("MOVQ DX, R14\nMOVQ product_k(AX), CX\nMOVQ CX, R11\nSHLQ $5, R11\nADDQ DX, R11")
	if !a.wide() {
		// The second pass begins 64 bytes into the codes, 32 into the scales.
		a.ins("TESTQ $1, BX\nJEQ %s\nSUBQ $32, R11\n%s:", label("first"), label("first"))
		a.fill("bytes80", 15)
		a.fill("words1", 14)
	}
	for r := range rows {
		for h := range 2 {
			a.ins("VXORPS V%d, V%d, V%d", float(r, h), float(r, h), float(r, h))
		}
	}
	a.ins("%s:", label("block"))
	for r := range rows {
		if a.wide() {
			a.ins("VPBROADCASTD %s, Z%d\nVMOVDQA64 Z%d, Z%d", rowAt(r, 9), integer(r, 0), integer(r, 0), integer(r, 1))
		} else {
			a.ins("VPXOR Y%[1]d, Y%[1]d, Y%[1]d\nVPXOR Y%[2]d, Y%[2]d, Y%[2]d", integer(r, 0), integer(r, 1))
		}
	}
	const least = "MOVL $32, R15\nCMPQ CX, R15\nCMOVQLT CX, R15"
	a.ins(least)
	a.ins("%s:", label("step"))
	if a.wide() {
		a.stepVNNI(rows, integer)
	} else {
		a.stepAVX2(rows, integer)
	}
	a.ins("PREFETCHT0 %d(R14)\nPREFETCHT0 %d(R14)", ahead, ahead+64)
	bases("ADDQ", "$4")
	a.ins("ADDQ $128, R14\nSUBQ $4, R15\nJNE %s", label("step"))
	a.ins(least)
	bases("SUBQ", "R15")
	k := a.operand()
	if !a.wide() {
		k = 8
	}
	a.ins("VCVTPH2PS (R11), V%d\nVCVTPH2PS %d(R11), V%d", k, a.width/2, k+1)
	for r := range rows {
		if !a.wide() {
			a.ins("VBROADCASTSS %s, Y13", rowAt(r, 8))
		}
		for h := range 2 {
			if a.wide() {
				a.ins("VMULPS.BCST %s, Z%d, Z28", rowAt(r, 8), k+h)
				a.ins("VCVTDQ2PS Z%d, Z29\nVFMADD231PS Z28, Z29, Z%d", integer(r, h), float(r, h))
			} else {
				a.ins("VMULPS Y13, Y%d, Y12", k+h)
				a.ins("VCVTDQ2PS Y%d, Y10\nVFMADD231PS Y12, Y10, Y%d", integer(r, h), float(r, h))
			}
		}
	}
	bases("ADDQ", "$40")
	a.ins("ADDQ $64, R11\nSUBQ $32, CX\nJGT %s", label("block"))
	a.eachC(rows, func(mem string, r, h int) { a.ins("VMOVUPS V%d, %s", float(r, h), mem) })
	a.nextPass(label(""), 64)
}

// stepVNNI takes four dimensions of 32 keys. The codes of the keys are the
// unsigned operand.
func (a *asm) stepVNNI(rows int, integer func(r, h int) int) {
	a.ins("VMOVDQU64 (R14), Z24\nVMOVDQU64 64(R14), Z25")
	for r := range rows {
		q := 28 + r%4
		a.ins("VPBROADCASTD %s, Z%d", rowAt(r, 0), q)
		for h := range 2 {
			a.ins("VPDPBUSD Z%d, Z%d, Z%d", q, 24+h, integer(r, h))
		}
	}
}

// stepAVX2 takes four dimensions of 16 keys: |k| is unsigned, q takes the sign
// of k, and 2*127*127 stays inside the int16 of VPMADDUBSW. So the bias of the
// codes is taken off first.
func (a *asm) stepAVX2(rows int, integer func(r, h int) int) {
	for h := range 2 {
		a.ins("VPXOR %d(R14), Y15, Y%d\nVPABSB Y%d, Y%d", 32*h, 8+h, 8+h, 10+h)
	}
	for r := range rows {
		a.ins("VPBROADCASTD %s, Y12", rowAt(r, 0))
		for h := range 2 {
			a.ins("VPSIGNB Y%d, Y12, Y13\nVPMADDUBSW Y13, Y%d, Y13\nVPMADDWD Y14, Y13, Y13", 8+h, 10+h)
			a.ins("VPADDD Y13, Y%[1]d, Y%[1]d", integer(r, h))
		}
	}
}
