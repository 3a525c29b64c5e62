package main

import "fmt"

// Vector registers of the matrix-vector kernels, beside those of the weight
// type: pairs, for rows 0 to 3 and 4 to 7 of the half.
const (
	armActs = 5
	armAcc  = 24 // two pairs of integers
	armSub  = 28 // of 64 columns, or of 256 (g256)
	armSum  = 30 // of the rows
)

// begin starts a kernel; R0 points to the arguments.
func (a *arm) begin(name string) {
	a.f("\nTEXT ·%s<>(SB), NOSPLIT|NOFRAME, $0-0", name)
}

// args loads arguments: offset, register, ….
func (a *arm) args(pairs ...any) {
	for i := 0; i < len(pairs); i += 2 {
		a.i("MOVD", mem(pairs[i].(int), "R0"), pairs[i+1])
	}
}

// halvesOf emits a body for both halves of the rows, R7 being 0 and 1.
func (a *arm) halvesOf(body func()) {
	half := a.label("half")
	a.i("MOVD", "ZR", "R7")
	a.f("%s:", half)
	body()
	a.i("ADD", "$1", "R7")
	a.i("CMP", "$2", "R7")
	a.i("BLT", half)
}

// turns emits a body for each turn of a unit at R6, half R7.
func (a *arm) turns(w weight, body func()) {
	t := armWeights[w.name]
	for i, p := range t.planes {
		a.i("ADD", imm(64*p.first), armWords, armPlane(i))
	}
	if t.unit != nil {
		t.unit(a)
	}
	turn := func() {
		if t.start != nil {
			t.start(a)
		}
		body()
	}
	if w.cols == t.turn {
		turn()
		return
	}
	a.i("MOVD", imm(w.cols/t.turn), "R15")
	a.loop("R15", 1, func() {
		turn()
		for i, p := range t.planes {
			a.i("ADD", imm(64*p.step), armPlane(i))
		}
		if t.step != nil {
			t.step(a)
		}
	})
}

// lanesAt points to the half's lanes in the unit at R6.
func (a *arm) lanesAt() {
	a.i("ADD", "R7<<5, R6", armWords)
	a.i("ADD", "R7<<4, R6", armHalfs)
	a.i("ADD", "R7<<3, R6", armBytes)
}

// gemv emits the kernel for one vector, straight from the packed units: what
// a panel would hold never leaves the registers. It multiplies argCount blocks
// of 16 rows with argN blocks of 64 columns.
//
// R1 dst, R3 the activations and R4 their sums, R6 the unit, R11 the
// activations of the turn, R13 blocks left, R14 dst of the half.
func (a *arm) gemv(name string, w weight) {
	v, per := w.v(), max(64, w.cols)
	a.begin(name)
	a.args(argDst, "R1", argW, "R6", argCount, "R5")
	armWeights[w.name].consts(a)
	a.loop("R5", 1, func() {
		a.args(argActs, "R3", argSums, "R4", argN, "R13")
		a.zero(armSum)
		a.store2(armSum, armSum, "(R1)")
		a.store2(armSum, armSum, "32(R1)")
		a.loop("R13", per/64, func() {
			a.halvesOf(func() { a.gemvHalf(w, v, per) })
			a.add(w.size*per/w.cols, "R6")
			a.add(blockSize*per/64, "R3")
			if w.dmin != 0 {
				a.add(superSize, "R4")
			}
		})
		a.add(64, "R1")
	})
	a.i("RET")
}

// gemvHalf multiplies 8 rows of one unit, or of as many as cover 64 columns.
func (a *arm) gemvHalf(w weight, v variant, per int) {
	t := armWeights[w.name]
	a.lanesAt()
	a.i("ADD", "R7<<5, R1", "R14")
	a.i("MOVD", "R3", "R11")
	a.load2("(R14)", armSum, armSum+1)
	if v.group == 256 {
		a.zero(armSub, armSub+1)
	}
	if w.cols < 64 {
		a.gemvPrefetch(w.size * per / w.cols)
		a.gemvBlock(w, v, 0)
	} else {
		a.turns(w, func() {
			a.gemvPrefetch(w.size * t.turn / w.cols)
			for b := range t.turn / 64 {
				a.gemvBlock(w, v, b)
			}
		})
	}
	if v.group == 256 {
		t.scale(a, 0)
		a.each(func(v int) { a.op("fmla.4s", armSum+v, armOut+v, armSub+v) })
	}
	if w.dmin != 0 {
		a.gemvMins(w, v)
	}
	a.store2(armSum, armSum+1, "(R14)")
}

// gemvPrefetch asks for half of the lines of a turn: the other half of the
// rows asks for the others.
func (a *arm) gemvPrefetch(bytes int) {
	base := armWords
	if bytes > 64*16 { // a turn of a large unit: its place follows R15
		base = armPlane(0)
	}
	a.i("ADD", "R7<<5, "+base, "R16")
	a.i("ADD", imm(prefetchAhead), "R16")
	for off := 0; off < bytes; off += 128 {
		a.i("PRFM", mem(off, "R16"), "PLDL1KEEP")
	}
}

// gemvBlock multiplies the b-th 64 columns of a turn.
func (a *arm) gemvBlock(w weight, v variant, b int) {
	t := armWeights[w.name]
	group := min(v.group, 64)
	a.zeroIf(v.group < 256, armSub, armSub+1)
	for g := range 64 / group {
		col := 64*b + group*g // in the turn
		if w.cols < 64 {
			col %= w.cols
		}
		if col == 0 && w.cols < 64 && t.unit != nil {
			t.unit(a)
		}
		a.zero(armAcc, armAcc+1, armAcc+2, armAcc+3)
		for k := range group / 4 {
			if k%4 == 0 {
				a.load(mem(group*g+4*k, "R11"), armActs)
			}
			t.quants(a, col/4+k)
			a.each(func(v int) { a.element("sdot", armAcc+k%2*2+v, armOut+v, armActs, k%4) })
		}
		a.each(func(v int) {
			a.op("add.4s", armAcc+v, armAcc+v, armAcc+2+v)
			a.op("scvtf.4s", armAcc+v, armAcc+v)
		})
		if v.group < 256 {
			a.gemvScale(t, v, g, col/v.group)
		}
		if w.cols < 64 && col+group == w.cols {
			for _, r := range []string{armWords, armHalfs, armBytes} {
				a.add(w.size, r)
			}
		}
	}
	a.loadN(1, mem(offScale, "R11"), armTmp)
	a.each(func(i int) {
		if v.group < 256 {
			a.element("fmla", armSum+i, armSub+i, armTmp, 0)
		} else {
			a.element("fmla", armSub+i, armAcc+i, armTmp, 0)
		}
	})
	a.add(blockSize, "R11")
}

func (a *arm) zeroIf(ok bool, regs ...int) {
	if ok {
		a.zero(regs...)
	}
}

// gemvScale adds the products of group g of a block, scaled.
func (a *arm) gemvScale(t armWeight, v variant, g, scale int) {
	t.scale(a, scale)
	a.each(func(v int) { a.op("fmla.4s", armSub+v, armAcc+v, armOut+v) })
	if v.mins == floatMins {
		m := t.mins(a, 0)
		a.loadN(1, mem(offSum32+4*g, "R11"), armTmp)
		a.op("scvtf.4s", armTmp, armTmp)
		a.each(func(v int) { a.element("fmla", armSub+v, m[v], armTmp, 0) })
	}
}

// gemvMins subtracts the integer mins of 256 columns. The sums they meet are
// of 16 bits: a signed high byte and an unsigned low one.
func (a *arm) gemvMins(w weight, v variant) {
	t, vectors := armWeights[w.name], v.minQuads()
	a.zero(armAcc, armAcc+1)
	for _, high := range []bool{true, false} {
		for p := range vectors {
			a.load(mem(v.minSums()+16*(p/2), "R4"), armTmp)
			a.minBytes(high, armTmp, armTmp, armTmp)
			m := t.mins(a, p)
			a.each(func(v int) { a.minDot(high, armAcc+v, m[v], armTmp, p%2) })
		}
		if high {
			a.each(func(v int) { a.shift("shl", 32, armAcc+v, armAcc+v, 8) })
		}
	}
	a.loadN(1, mem(offUnit, "R4"), armTmp)
	a.each(func(v int) {
		a.op("scvtf.4s", armAcc+v, armAcc+v)
		a.op("fmul.4s", armAcc+v, armAcc+v, w.armMin()+v)
		a.element("fmls", armSum+v, armAcc+v, armTmp, 0)
	})
}

func (w weight) armMin() int { return armWeights[w.name].dmin }

// minQuads is the number of vectors of 4 integer mins a row for 256 columns.
func (v variant) minQuads() int {
	switch v.mins {
	case int32Mins:
		return 2
	case int16Mins:
		return 4
	}
	return 0
}

// minSums is the section of the activations' sums that mins meet.
func (v variant) minSums() int {
	if v.mins == int16Mins {
		return offPair16
	}
	return offPair32
}

// minBytes gathers the high or the low bytes of 16-bit sums.
func (a *arm) minBytes(high bool, d, n, m int) {
	if high {
		a.op("uzp2.16b", d, n, m)
	} else {
		a.op("uzp1.16b", d, n, m)
	}
}

func (a *arm) minDot(high bool, d, n, m, i int) {
	if high {
		a.element("sdot", d, n, m, i)
	} else {
		a.element("udot", d, n, m, i)
	}
}

// unpack emits the kernel that unpacks argN units of 16 rows to a panel: R2
// quants, R3 scales, R4 mins, R5 dmin, those of the half in R11 to R14.
func (a *arm) unpack(name string, w weight) {
	v, t := w.v(), armWeights[w.name]
	a.begin(name)
	a.args(argW, "R6", argPanel, "R2", argN, "R17")
	a.i("ADD", imm(panelScales), "R2", "R3")
	a.i("ADD", imm(panelMins), "R2", "R4")
	a.i("ADD", imm(panelDmin), "R2", "R5")
	t.consts(a)
	a.loop("R17", 1, func() {
		a.halvesOf(func() {
			a.lanesAt()
			for i := range 4 {
				a.i("ADD", fmt.Sprintf("R7<<5, R%d", 2+i), reg(11+i))
			}
			a.turns(w, func() { a.unpackTurn(t, v) })
			if v.group == 256 {
				t.scale(a, 0)
				a.store2(armOut, armOut+1, "(R12)")
			}
			a.unpackMins(t, v)
		})
		a.add(w.size, "R6")
		a.add(16*w.cols, "R2")
		a.add(64*(w.cols/v.group), "R3")
		a.add(64*max(v.minQuads(), v.minVectors(32)&1), "R4")
		a.add(64, "R5")
	})
	a.i("RET")
}

func (a *arm) unpackTurn(t armWeight, v variant) {
	for k := range t.turn / 4 {
		t.quants(a, k)
		switch {
		case !a.i8mm:
			a.store2(armOut, armOut+1, mem(64*k, "R11"))
		case k%2 == 0:
			a.moves(armAcc, armOut)
		default: // words of two rows side by side
			a.each(func(v int) {
				a.op("zip1.4s", armSub, armAcc+v, armOut+v)
				a.op("zip2.4s", armSub+1, armAcc+v, armOut+v)
				a.store2(armSub, armSub+1, mem(64*(k-1+v), "R11"))
			})
		}
	}
	a.add(16*t.turn, "R11")
	if v.group < 256 {
		for g := range t.turn / v.group {
			t.scale(a, g)
			a.store2(armOut, armOut+1, mem(64*g, "R12"))
		}
		a.add(64*(t.turn/v.group), "R12")
	}
}

func (a *arm) unpackMins(t armWeight, v variant) {
	for p := range max(v.minQuads(), v.minVectors(32)&1) {
		m := t.mins(a, p)
		a.store2(m[0], m[1], mem(64*p, "R13"))
	}
	if t.dmin != 0 {
		a.store2(t.dmin, t.dmin+1, "(R14)")
	}
}
