package main

// packKernel emits func packWords(a *packArgs): the transposition of 16 rows of
// 16-byte columns, 4 words each, into 4 vectors of 64 bytes.
//
//	row 0   a0 a1 a2 a3          a0 b0 c0 d0 …
//	row 1   b0 b1 b2 b3    →     a1 b1 c1 d1 …
//	row 2   c0 c1 c2 c3          a2 b2 c2 d2 …
//	row 3   d0 d1 d2 d3          a3 b3 c3 d3 …
func (x *x86) packKernel() {
	x.packLoop("packWords", func(row func(int) string) {
		for half := range 2 {
			for i := range 4 { // rows i and i+4
				x.i("VMOVDQU", row(8*half+i), xmm(i))
				x.i("VINSERTI128", "$1", row(8*half+i+4), ymm(i), ymm(i))
			}
			x.op("VPUNPCKLDQ", 1, 0, 4) // a0 b0 a1 b1
			x.op("VPUNPCKHDQ", 1, 0, 5)
			x.op("VPUNPCKLDQ", 3, 2, 6) // c0 d0 c1 d1
			x.op("VPUNPCKHDQ", 3, 2, 7)
			x.op("VPUNPCKLQDQ", 6, 4, 0)
			x.op("VPUNPCKHQDQ", 6, 4, 1)
			x.op("VPUNPCKLQDQ", 7, 5, 2)
			x.op("VPUNPCKHQDQ", 7, 5, 3)
			for i := range 4 {
				x.store(i, mem(64*i+32*half, "DI"))
			}
		}
	})
}

// packHalvesKernel emits func packHalves(a *packArgs), the same for 16-bit
// numbers: 8 of each row become 8 vectors of 32 bytes.
func (x *x86) packHalvesKernel() {
	x.packLoop("packHalves", func(row func(int) string) {
		for i := range 8 { // rows i and i+8
			x.i("VMOVDQU", row(i), xmm(i))
			x.i("VINSERTI128", "$1", row(i+8), ymm(i), ymm(i))
		}
		for i := range 4 { // a0 b0 a1 b1 …, c0 d0 …
			x.op("VPUNPCKLWD", 2*i+1, 2*i, 8+2*i)
			x.op("VPUNPCKHWD", 2*i+1, 2*i, 9+2*i)
		}
		for i := range 4 { // a0 b0 c0 d0 …
			from := 8 + i/2*4 + i%2
			x.op("VPUNPCKLDQ", from+2, from, 2*i)
			x.op("VPUNPCKHDQ", from+2, from, 2*i+1)
		}
		for i := range 4 { // columns 2i, 2i+1 of rows 0…3 in i, 4…7 in i+4
			x.op("VPUNPCKLQDQ", i+4, i, 8)
			x.op("VPUNPCKHQDQ", i+4, i, 9)
			x.store(8, mem(64*i, "DI"))
			x.store(9, mem(64*i+32, "DI"))
		}
	})
}

// packLoop emits a transposition of 16-byte columns: body gets the operand of
// a row and writes 256 bytes at DI.
func (x *x86) packLoop(name string, body func(row func(int) string)) {
	const dst, src, stride, count = 0, 8, 16, 24
	x.f("\n// func %s(a *packArgs)", name)
	x.f("TEXT ·%s(SB), NOSPLIT|NOFRAME, $0-8", name)
	x.i("MOVQ", "a+0(FP)", "DX")
	x.i("MOVQ", mem(dst, "DX"), "DI")
	x.i("MOVQ", mem(src, "DX"), "SI")
	x.i("MOVQ", mem(stride, "DX"), "R8")
	x.i("MOVQ", mem(count, "DX"), "CX")
	x.i("LEAQ", "(R8)(R8*2)", "R9")
	x.i("LEAQ", "(R8)(R8*4)", "R10")
	x.i("LEAQ", "(R9)(R8*4)", "R11")
	x.i("LEAQ", "(SI)(R8*8)", "R12")
	rows := []string{"", "(R8*1)", "(R8*2)", "(R9*1)", "(R8*4)", "(R10*1)", "(R9*2)", "(R11*1)"}
	x.loop("CX", 1, func() {
		body(func(r int) string { return []string{"(SI)", "(R12)"}[r/8] + rows[r%8] })
		x.i("ADDQ", "$16", "SI")
		x.i("ADDQ", "$16", "R12")
		x.i("ADDQ", "$256", "DI")
	})
	x.i("VZEROUPPER")
	x.i("RET")
}
