package main

// prepareKernel emits func prepareVector(a *prepArgs); prepare_amd64.s has the
// same, and x86_prepare.go the layout.
//
// R1 the vector's next word, R2 values, R3 bytes between its words, R4 sums.
func (a *arm) prepareKernel() {
	a.f("\n// func prepareVector(a *prepArgs)")
	a.f("TEXT ·prepareVector(SB), NOSPLIT|NOFRAME, $0-8")
	a.i("MOVD", "a+0(FP)", "R0")
	a.args(prepDst, "R1", prepX, "R2", prepStep, "R3", prepN, "R5")
	a.i("ADD", imm(prepSums), "R0", "R4")
	a.loop("R5", 1, a.prepareBlock)
	a.args(prepSuper, "R1")
	a.prepareSums()
	a.i("RET")
}

// scatter stores the first n words of a register to the vector's next places.
func (a *arm) scatter(r, n int) {
	for i := range n {
		// st1 {v.s}[i], [x1], x3
		a.word(0x0d838020|uint32(i>>1<<30|i&1<<12|r), "st1", "{v"+reg(r)[1:]+".s}["+imm(i)[1:]+"], [x1], x3")
	}
}

// greatest finds the greatest absolute value of registers [0, n): F17 becomes
// max/top, F18 top/max, both 0 if max is next to nothing. It compares bits, so
// that NaN is greatest.
func (a *arm) greatest(n int, top string) {
	a.op("fabs.4s", 16, 0)
	for i := 1; i < n; i++ {
		a.op("fabs.4s", 17, i)
		a.op("umax.4s", 16, 16, 17)
	}
	a.word(0x6eb0aa10, "umaxv", "s16, v16.4s")
	a.zero(17, 18)
	skip := a.label("nothing")
	a.i("FMOVS", "F16", "R6")
	a.i("MOVW", "$0x0da24260", "R7") // 1e-30
	a.i("CMPW", "R7", "R6")
	a.i("BLO", skip)
	a.i("MOVW", top, "R7")
	a.i("FMOVS", "R7", "F19")
	a.i("FDIVS", "F19", "F16", "F17")
	a.i("FDIVS", "F16", "F19", "F18")
	a.f("%s:", skip)
}

// round multiplies registers [0, n) with F18 and makes integers. What is not a
// number becomes -top.
func (a *arm) round(n int, top uint32) {
	a.i("MOVW", imm(int(top|1<<31)), "R7")
	a.i("VDUP", "R7", "V19.S4")
	a.i("VDUP", "V18.S[0]", "V18.S4")
	for i := range n {
		a.op("fmul.4s", i, i, 18)
		a.op("fmaxnm.4s", i, i, 19)
		a.op("fcvtns.4s", i, i)
	}
}

func (a *arm) prepareBlock() {
	for i := 0; i < 16; i += 2 {
		a.load2(mem(16*i, "R2"), i, i+1)
	}
	a.add(256, "R2")
	a.greatest(16, "$0x42fe0000") // 127
	a.round(16, 0x42fe0000)
	for i := range 4 { // bytes of 16 columns to V0 … V3
		r := 4 * i
		for _, h := range []int{r, r + 2} {
			a.op("sqxtn.4h", h, h)
			a.op("sqxtn2.8h", h, h+1)
		}
		a.op("sqxtn.8b", r, r)
		a.op("sqxtn2.16b", r, r+2)
		if i > 0 {
			a.move(i, r)
		}
	}
	for i := range 4 {
		a.scatter(i, 4)
		a.op("saddlp.8h", i, i)
		a.op("saddlp.4s", i, i) // sums of 4 columns
	}
	a.op("addp.4s", 0, 0, 1)
	a.op("addp.4s", 2, 2, 3)
	a.op("addp.4s", 0, 0, 2) // of 16
	a.op("scvtf.4s", 1, 0)
	a.i("VDUP", "V17.S[0]", "V2.S4")
	a.op("fmul.4s", 1, 1, 2)
	a.store(1, "(R4)")
	a.add(16, "R4")
	a.shift("shl", 32, 0, 0, 7)
	a.op("neg.4s", 0, 0)
	a.op("addp.4s", 1, 0, 0)
	a.scatter(1, 2)
	a.scatter(0, 4)
	a.scatter(17, 1)
}

// prepareSums quantises the sums of 256 columns to 16 bits.
func (a *arm) prepareSums() {
	a.load2(mem(prepSums, "R0"), 0, 1)
	a.load2(mem(prepSums+32, "R0"), 2, 3)
	a.op("faddp.4s", 4, 0, 1)
	a.op("faddp.4s", 5, 2, 3)
	a.greatest(6, "$0x46fffe00") // 32767
	a.round(6, 0x46fffe00)
	for _, r := range []int{0, 2, 4} {
		a.op("sqxtn.4h", r, r)
		a.op("sqxtn2.8h", r, r+1)
		a.scatter(r, 4)
	}
	a.scatter(17, 1)
}

// packRows are the pointers to 16 rows.
var packRows = []string{"R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15", "R17", "R19", "R20"}

// packKernel emits func packWords(a *packArgs): the transposition of 16 rows
// of 16-byte columns, 4 words each, into 4 vectors of 64 bytes.
func (a *arm) packKernel() {
	a.packLoop("packWords", func() {
		for q := range 4 {
			for i := range 4 {
				a.i("FMOVQ.P", "16("+packRows[4*q+i]+")", freg(i))
			}
			a.transpose("4s", 0, 1, 2, 3)
			for i := range 4 {
				a.store(i, mem(64*i+16*q, "R1"))
			}
		}
	})
}

// transpose turns 4 registers of 4 lanes, with 4 to 7 as scratch.
func (a *arm) transpose(lanes string, r0, r1, r2, r3 int) {
	a.op("zip1."+lanes, 4, r0, r1) // a0 b0 a1 b1
	a.op("zip2."+lanes, 5, r0, r1)
	a.op("zip1."+lanes, 6, r2, r3) // c0 d0 c1 d1
	a.op("zip2."+lanes, 7, r2, r3)
	a.op("zip1.2d", r0, 4, 6)
	a.op("zip2.2d", r1, 4, 6)
	a.op("zip1.2d", r2, 5, 7)
	a.op("zip2.2d", r3, 5, 7)
}

// packHalvesKernel emits func packHalves(a *packArgs), the same for 16-bit
// numbers: 8 of each row become 8 vectors of 32 bytes.
func (a *arm) packHalvesKernel() {
	a.packLoop("packHalves", func() {
		for half := range 2 {
			for i := range 8 {
				a.i("FMOVQ.P", "16("+packRows[8*half+i]+")", freg(8+i))
			}
			// words of rows (0,1), (2,3), …: columns 0 to 3, then 4 to 7
			for i := range 4 {
				a.op("zip1.8h", 16+i, 8+2*i, 9+2*i)
				a.op("zip2.8h", 20+i, 8+2*i, 9+2*i)
			}
			a.transpose("4s", 16, 17, 18, 19)
			a.transpose("4s", 20, 21, 22, 23)
			for i := range 8 {
				a.store(16+i, mem(32*i+16*half, "R1"))
			}
		}
	})
}

// packLoop emits a transposition of 16-byte columns: body writes 256 bytes at
// R1.
func (a *arm) packLoop(name string, body func()) {
	const dst, src, stride, count = 0, 8, 16, 24
	a.f("\n// func %s(a *packArgs)", name)
	a.f("TEXT ·%s(SB), NOSPLIT|NOFRAME, $0-8", name)
	a.i("MOVD", "a+0(FP)", "R0")
	a.args(dst, "R1", src, packRows[0], stride, "R2", count, "R16")
	for i := 1; i < 16; i++ {
		a.i("ADD", "R2", packRows[i-1], packRows[i])
	}
	a.loop("R16", 1, func() {
		body()
		a.add(256, "R1")
	})
	a.i("RET")
}
