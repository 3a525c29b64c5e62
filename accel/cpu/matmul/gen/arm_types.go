package main

// Vector registers that a weight type uses while it unpacks. Where there are
// two, they hold rows 0 to 3 and 4 to 7 of the half.
const (
	armOut   = 0  // and 1: the result
	armTmp   = 2  // to 4: scratch
	armConst = 6  // to 11: set once a call
	armScale = 12 // to 23: scales and mins of the unit
)

// General registers, at the words, the 16-bit and the 8-bit lanes of the
// half's rows in a unit, and at the planes of a turn.
const (
	armWords = "R8"
	armHalfs = "R9"
	armBytes = "R10"
)

func armPlane(i int) string { return reg(19 + i) }

// plane is a run of words of a unit that turns step through.
type plane struct{ first, step int } // in words

// armWeight says how a type's packed unit becomes a panel, and how its parts
// become operands of a matrix-vector kernel; weights has its sizes.
type armWeight struct {
	turn   int // columns between two steps
	planes []plane

	consts func(a *arm)               // once a call
	unit   func(a *arm)               // once a unit and half
	start  func(a *arm)               // once a turn
	quants func(a *arm, k int)        // 4 columns k of the turn to armOut, signed
	scale  func(a *arm, g int)        // float scales of a group of the turn to armOut
	mins   func(a *arm, p int) [2]int // registers of float mins, or of 4 integer ones
	step   func(a *arm)               // between turns
	dmin   int                        // register of the scale of integer mins
}

func (a *arm) each(f func(v int)) {
	for v := range 2 {
		f(v)
	}
}

var armWeights = map[string]armWeight{
	"q4_0": {
		turn:   32,
		consts: func(a *arm) { a.splat(15, armConst); a.splat(8, armConst+1) },
		quants: func(a *arm, k int) {
			a.nibble(armWords, 32+64*(k%4), k/4)
			a.each(func(v int) { a.op("sub.16b", armOut+v, armOut+v, armConst+1) })
		},
		scale: halfScaleARM,
	},
	"q4_1": {
		turn:   32,
		consts: func(a *arm) { a.splat(15, armConst); a.lanes(0xbc000000, armConst+1) },
		quants: func(a *arm, k int) { a.nibble(armWords, 64+64*(k%4), k/4) },
		scale:  func(a *arm, g int) { a.splitHalves(armWords, 0, "uzp1.8h", armOut) },
		mins:   floatMinsARM,
	},
	"q5_0": {
		turn: 32,
		consts: func(a *arm) {
			a.splat(15, armConst)
			a.splat(16, armConst+1)
		},
		unit: func(a *arm) { a.load2(mem(32, armWords), armScale, armScale+1) },
		quants: func(a *arm, k int) {
			a.nibble(armWords, 32+64+64*(k%4), k/4)
			a.fifthBit(k)
			a.each(func(v int) { a.op("sub.16b", armOut+v, armOut+v, armConst+1) })
		},
		scale: halfScaleARM,
	},
	"q5_1": {
		turn: 32,
		consts: func(a *arm) {
			a.splat(15, armConst)
			a.splat(16, armConst+1)
			a.lanes(0xbc000000, armConst+2)
		},
		unit: func(a *arm) { a.load2(mem(64, armWords), armScale, armScale+1) },
		quants: func(a *arm, k int) {
			a.nibble(armWords, 2*64+64*(k%4), k/4)
			a.fifthBit(k)
		},
		scale: func(a *arm, g int) { a.splitHalves(armWords, 0, "uzp1.8h", armOut) },
		mins: func(a *arm, p int) [2]int {
			a.splitHalves(armWords, 0, "uzp2.8h", armOut)
			a.each(func(v int) { a.op("fmul.4s", armOut+v, armOut+v, armConst+2) })
			return [2]int{armOut, armOut + 1}
		},
	},
	"q8_0": {
		turn:   32,
		consts: func(a *arm) {},
		quants: func(a *arm, k int) { a.load2(mem(32+64*k, armWords), armOut, armOut+1) },
		scale:  halfScaleARM,
	},
	"q16": {
		turn:   16,
		consts: func(a *arm) {},
		quants: func(a *arm, k int) { a.load2(mem(64+64*k, armWords), armOut, armOut+1) },
		scale:  func(a *arm, g int) { a.load2(mem(0, armWords), armOut, armOut+1) },
	},
	"iq4_nl": {
		turn:   32,
		consts: codeConsts("·iq4"),
		quants: func(a *arm, k int) { a.code(armWords, 32+64*(k%4), k/4) },
		scale:  halfScaleARM,
	},
	"mxfp4": {
		turn: 32,
		consts: func(a *arm) {
			codeConsts("·fp4")(a)
			a.lanes(1, armConst+2)
			a.lanes(0x00200000, armConst+3)
		},
		quants: func(a *arm, k int) { a.code(armWords, 16+64*(k%4), k/4) },
		scale:  exponentScaleARM,
	},
}

// nibble unpacks one nibble of each byte.
func (a *arm) nibble(base string, off, high int) {
	a.load2(mem(off, base), armOut, armOut+1)
	a.each(func(v int) {
		if high == 0 {
			a.op("and.16b", armOut+v, armOut+v, armConst)
		} else {
			a.shift("ushr", 8, armOut+v, armOut+v, 4)
		}
	})
}

func codeConsts(table string) func(*arm) {
	return func(a *arm) {
		a.splat(15, armConst)
		a.table(table, armConst+1)
	}
}

// code looks nibbles up in a codebook.
func (a *arm) code(base string, off, high int) {
	a.nibble(base, off, high)
	a.each(func(v int) { a.op("tbl.16b", armOut+v, armConst+1, armOut+v) })
}

// fifthBit adds bit k of the bytes in armScale as bit 4.
func (a *arm) fifthBit(k int) {
	a.each(func(v int) { a.right(8, armTmp+v, armScale+v, k-4) })
	a.each(func(v int) { a.op("bit.16b", armOut+v, armTmp+v, armConst+1) })
}

// halves converts 8 half-precision numbers to two registers.
func (a *arm) halves(m string, dst int) {
	a.load(m, dst)
	a.op("fcvtl2.4s", dst+1, dst)
	a.op("fcvtl.4s", dst, dst)
}

func halfScaleARM(a *arm, g int) { a.halves(mem(0, armHalfs), armOut) }

// splitHalves converts the low (uzp1) or the high (uzp2) 16 bits of words.
func (a *arm) splitHalves(base string, off int, which string, dst int) {
	a.load2(mem(off, base), armTmp, armTmp+1)
	a.op(which, dst, armTmp, armTmp+1)
	a.op("fcvtl2.4s", dst+1, dst)
	a.op("fcvtl.4s", dst, dst)
}

// floatMinsARM reads m of the lanes (d, m) of Q4_1; it is stored divided by
// -128, as it meets -128·Σy.
func floatMinsARM(a *arm, p int) [2]int {
	a.splitHalves(armWords, 0, "uzp2.8h", armOut)
	a.each(func(v int) { a.op("fmul.4s", armOut+v, armOut+v, armConst+1) })
	return [2]int{armOut, armOut + 1}
}

// exponentScaleARM makes 2^(e-128) of the exponent bytes of MXFP4: the float
// with exponent e-1, or the subnormal 2^21<<e where e is 0 or 1.
func exponentScaleARM(a *arm, g int) {
	a.loadN(2, mem(0, armBytes), armOut)
	a.op("ushll.8h", armOut, armOut)
	a.op("ushll2.4s", armOut+1, armOut)
	a.op("ushll.4s", armOut, armOut)
	a.each(func(v int) {
		a.op("umin.4s", armTmp, armOut+v, armConst+2)
		a.op("ushl.4s", armTmp, armConst+3, armTmp)
		a.op("sub.4s", armOut+v, armOut+v, armConst+2)
		a.shift("shl", 32, armOut+v, armOut+v, 23)
		a.op("smax.4s", armOut+v, armOut+v, armTmp)
	})
}
