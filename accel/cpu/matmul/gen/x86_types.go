package main

// Registers that a weight type uses while it unpacks.
const (
	regOut   = 0 // the result
	regTmp   = 1 // and 2, 3: scratch
	regMask  = 4 // 0x0f in every byte
	regBits  = 5 // the type's mask of high bits, or its offset
	regTable = 6 // its codebook or shuffle
	regByte  = 7 // 0xff in every 32-bit lane
	regScale = 8 // to 15: scales and mins of the unit
)

// weight says how a type's packed unit, at SI, becomes a panel.
type weight struct {
	name    string
	variant string
	cols    int // of a unit
	size    int // bytes of a unit

	consts func(x *x86)        // once a call
	unit   func(x *x86)        // once a unit
	quants func(x *x86, k int) // 4 columns k to regOut, as bytes
	scale  func(x *x86, g int) // float scales of a group to regOut
	mins   func(x *x86, g int) // float mins or pairs of integer ones
	dmin   int                 // register of the scale of integer mins
	ints   *intScales          // for one vector, on 64-byte vectors
}

func (w weight) v() variant {
	for _, v := range variants {
		if v.name == w.variant {
			return v
		}
	}
	panic(w.variant)
}

var weights = []weight{
	{
		name: "q4_0", variant: "g32", cols: 32, size: 16 * 18,
		consts: nibbleConsts("·offset8"), quants: codeNibbles(32), scale: halfScale,
	}, {
		name: "q4_1", variant: "g32f", cols: 32, size: 16 * 20,
		consts: func(x *x86) { x.splat(0x0f0f0f0f, regMask); pairConsts(x) },
		unit:   scaleAndMin,
		quants: func(x *x86, k int) { x.nibble(64+64*(k%4), k/4) },
		scale:  func(x *x86, g int) { x.move(regScale, regOut) },
		mins:   func(x *x86, g int) { x.move(regScale+1, regOut) },
	}, {
		name: "q5_0", variant: "g32", cols: 32, size: 16 * 22,
		consts: func(x *x86) {
			x.splat(0x0f0f0f0f, regMask)
			x.splat(0x10101010, regBits)
			x.splat(0x70707070, regTable)
		},
		quants: func(x *x86, k int) {
			x.nibble(32+64+64*(k%4), k/4)
			x.fifthBit(32, k)
			x.op("VPADDB", regTable, regOut, regOut)
		},
		scale: halfScale,
	}, {
		name: "q5_1", variant: "g32f", cols: 32, size: 16 * 24,
		consts: func(x *x86) {
			x.splat(0x0f0f0f0f, regMask)
			x.splat(0x10101010, regBits)
			pairConsts(x)
		},
		unit: scaleAndMin,
		quants: func(x *x86, k int) {
			x.nibble(2*64+64*(k%4), k/4)
			x.fifthBit(64, k)
		},
		scale: func(x *x86, g int) { x.move(regScale, regOut) },
		mins:  func(x *x86, g int) { x.move(regScale+1, regOut) },
	}, {
		name: "q8_0", variant: "g32", cols: 32, size: 16 * 34,
		consts: func(x *x86) { x.splat(0x80808080, regBits) },
		quants: func(x *x86, k int) { x.signed(32 + 64*k) },
		scale:  halfScale,
	}, {
		name: "q16", variant: "g16", cols: 16, size: 16 * 20,
		consts: func(x *x86) { x.splat(0x80808080, regBits) },
		quants: func(x *x86, k int) { x.signed(64 + 64*k) },
		scale:  func(x *x86, g int) { x.load(x.words(0, "SI"), regOut) },
	}, {
		name: "iq4_nl", variant: "g32", cols: 32, size: 16 * 18,
		consts: nibbleConsts("·iq4"), quants: codeNibbles(32), scale: halfScale,
	}, {
		name: "mxfp4", variant: "g32", cols: 32, size: 16 * 17,
		consts: nibbleConsts("·fp4"), quants: codeNibbles(16), scale: exponentScale,
	},
}

// nibble unpacks one nibble of each byte.
func (x *x86) nibble(off, high int) {
	if high == 0 {
		x.andMem(x.words(off, "SI"), regMask, regOut)
		return
	}
	x.shr(x.words(off, "SI"), 4, regOut)
	x.and(regOut, regMask, regOut)
}

// signed unpacks bytes with the offset 128.
func (x *x86) signed(off int) {
	x.i(x.pick("VPXORD", "VPXOR"), x.words(off, "SI"), x.r(regBits), x.r(regOut))
}

// fifthBit adds bit k of the bytes at off as bit 4.
func (x *x86) fifthBit(off, k int) {
	x.shr(x.words(off, "SI"), k-4, regTmp)
	x.merge(regTmp, regBits, regOut)
}

func nibbleConsts(table string) func(*x86) {
	return func(x *x86) {
		x.splat(0x0f0f0f0f, regMask)
		x.table(table, regTable)
	}
}

// codeNibbles looks nibbles up in a codebook.
func codeNibbles(off int) func(*x86, int) {
	return func(x *x86, k int) {
		x.nibble(off+64*(k%4), k/4)
		x.op("VPSHUFB", regOut, regTable, regOut)
	}
}

func halfScale(x *x86, g int) { x.halves(x.bytes2(0, "SI"), regOut) }

// scaleAndMin reads the lanes (d, m) of Q4_1 and Q5_1; m is stored divided by
// -128, as it meets -128·Σy.
func scaleAndMin(x *x86) {
	x.load(x.words(0, "SI"), regTmp)
	x.splitHalves(regTmp, regScale, regScale+1)
	x.mul(regScale+1, regTable, regScale+1)
}

func pairConsts(x *x86) { x.splat(0xbc000000, regTable) } // -1/128

// splitHalves converts the low and the high 16 bits of the lanes of src from
// half precision.
func (x *x86) splitHalves(src, low, high int) {
	x.halfLanes(src, low)
	x.shift(src, 16, high)
	x.halfLanes(high, high)
}

func (x *x86) halfLanes(src, dst int) {
	if x.zmm() {
		x.i("VPMOVDW", x.r(src), ymm(dst))
		x.i("VCVTPH2PS", ymm(dst), x.r(dst))
		return
	}
	x.i("VPSLLD", "$16", x.r(src), x.r(dst))
	x.i("VPSRLD", "$16", x.r(dst), x.r(dst))
	x.i("VPACKUSDW", x.r(dst), x.r(dst), x.r(dst))
	x.i("VPERMQ", "$0x08", x.r(dst), x.r(dst))
	x.i("VCVTPH2PS", xmm(dst), x.r(dst))
}

// exponentScale makes 2^(e-128) of the exponent bytes of MXFP4: the float with
// exponent e-1, or the subnormal 2^21<<e where e is 0 or 1.
func exponentScale(x *x86, g int) {
	x.i("VPMOVZXBD", x.bytes1(0, "SI"), x.r(regTmp))
	x.splat(1, regTmp+1)
	x.op("VPMINUD", regTmp+1, regTmp, regTmp+2)
	x.op("VPSUBD", regTmp+1, regTmp, regTmp)
	x.shift(regTmp, -23, regTmp)
	x.splat(0x00200000, regTmp+1)
	x.op("VPSLLVD", regTmp+2, regTmp+1, regTmp+1)
	x.op("VPMAXSD", regTmp, regTmp+1, regOut)
}
