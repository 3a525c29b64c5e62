package main

// The types of 256 columns; panel_k.go of the parent package shows their
// words.
func init() {
	weights = append(weights,
		weight{
			name: "q2_k", variant: "g256m", cols: 256, size: 16 * 84,
			consts: func(x *x86) {
				x.splat(0x03030303, regBits)
				x.splat(0x0f0f0f0f, regMask)
				x.splat(0xff, regByte)
				x.table("·wordPairs", regTable)
			},
			unit: func(x *x86) {
				x.load(x.words(20*64, "SI"), regTmp)
				x.splitHalves(regTmp, regScale, regScale+1)
			},
			quants: func(x *x86, k int) {
				x.shr(x.words((4+k/32*8+k%8)*64, "SI"), k/8%4*2, regOut)
				x.and(regOut, regBits, regOut)
				if k%4 == 0 {
					x.groupNibble(k / 4)
				}
				x.op("VPMULLW", regScale+2, regOut, regOut)
			},
			scale: func(x *x86, g int) { x.move(regScale, regOut) },
			mins: func(x *x86, g int) {
				x.shr(x.words(g/2*64, "SI"), 4, regOut)
				x.and(regOut, regMask, regOut)
				x.wordPair(g % 2)
			},
			dmin: regScale + 1,
			ints: q2Ints,
		},
		weight{
			name: "q3_k", variant: "g256", cols: 256, size: 16 * 110,
			consts: func(x *x86) {
				x.splat(0x03030303, regBits)
				x.splat(0x0f0f0f0f, regMask)
				x.splat(0x00ff00ff, regByte)
				x.splat(0x04040404, regTable)
			},
			unit:   q3Scales,
			quants: q3Quants,
			scale: func(x *x86, g int) {
				x.halves(x.bytes2(27*64, "SI"), regTmp)
				x.splat(0x80000000, regOut)
				x.xor(regTmp, regOut, regOut)
			},
			ints: q3Ints,
		},
		weight{
			name: "q4_k", variant: "g32m", cols: 256, size: 16 * 144,
			consts: sixBitConsts,
			unit:   sixBitScales,
			quants: func(x *x86, k int) { x.nibble((4+k/16*8+k%8)*64, k/8%2) },
			scale:  sixBitScale,
			mins:   sixBitMins,
			dmin:   regScale + 5,
		},
		weight{
			name: "q5_k", variant: "g32m", cols: 256, size: 16 * 176,
			consts: func(x *x86) {
				sixBitConsts(x)
				x.splat(0x10101010, regBits)
			},
			unit: sixBitScales,
			quants: func(x *x86, k int) {
				x.nibble((12+k/16*8+k%8)*64, k/8%2)
				x.shr(x.words((4+k%8)*64, "SI"), k/8-4, regTmp)
				x.merge(regTmp, regBits, regOut)
			},
			scale: sixBitScale,
			mins:  sixBitMins,
			dmin:  regScale + 5,
		},
		weight{
			name: "q6_k", variant: "g16", cols: 256, size: 16 * 210,
			consts: func(x *x86) {
				x.splat(0x0f0f0f0f, regMask)
				x.splat(0x30303030, regBits)
				x.splat(0x60606060, regTable)
			},
			unit: func(x *x86) { x.halves(x.bytes2(52*64, "SI"), regScale) },
			quants: func(x *x86, k int) {
				q6Quants(x, k)
				x.op("VPADDB", regTable, regOut, regOut)
			},
			scale: func(x *x86, g int) {
				x.load(x.words((48+g/4)*64, "SI"), regTmp)
				x.byteOf(regTmp, g%4, true, regOut)
				x.toFloat(regOut, regOut)
				x.mul(regOut, regScale, regOut)
			},
		},
		weight{
			name: "iq4_xs", variant: "g32", cols: 256, size: 16 * 136,
			consts: func(x *x86) {
				nibbleConsts("·iq4")(x)
				x.splat(0x30, regByte)
			},
			unit: func(x *x86) {
				x.load(x.words(0, "SI"), regTmp)
				x.halfLanes(regTmp, regScale)
				x.shift(regTmp, 16, regScale+1)
				x.load(x.words(64, "SI"), regScale+2)
				x.splat(15, regScale+3)
				x.splat(32, regScale+4)
			},
			quants: func(x *x86, k int) {
				x.nibble((2+k/8*4+k%4)*64, k/4%2)
				x.op("VPSHUFB", regOut, regTable, regOut)
			},
			scale: func(x *x86, g int) {
				x.shift(regScale+2, 4*g, regOut)
				x.and(regOut, regScale+3, regOut)
				x.shift(regScale+1, 2*g-4, regTmp)
				x.merge(regTmp, regByte, regOut)
				x.op("VPSUBD", regScale+4, regOut, regOut)
				x.toFloat(regOut, regOut)
				x.mul(regOut, regScale, regOut)
			},
		},
	)
}

// q6Quants unpacks 4 low and 2 high bits.
func q6Quants(x *x86, k int) {
	run := k / 8 % 4
	x.nibble((k/32*16+run%2*8+k%8)*64, run/2)
	x.shr(x.words((32+k/32*8+k%8)*64, "SI"), 2*run-4, regTmp)
	x.merge(regTmp, regBits, regOut)
}

// groupNibble fills the 16-bit lanes of regScale+2 with scale g of Q2_K.
func (x *x86) groupNibble(g int) {
	x.andMem(x.words(g/4*64, "SI"), regMask, regTmp)
	x.byteOf(regTmp, g%4, false, regTmp)
	x.shift(regTmp, -16, regTmp+1)
	x.or(regTmp, regTmp+1, regScale+2)
}

// wordPair widens two bytes of each lane, low or high, to 16 bits.
func (x *x86) wordPair(high int) {
	if high == 1 {
		x.shift(regOut, 16, regOut)
	}
	x.op("VPSHUFB", regTable, regOut, regOut)
}

func sixBitConsts(x *x86) {
	x.splat(0x0f0f0f0f, regMask)
	x.splat(0xff, regByte)
	x.table("·wordPairs", regTable)
}

// sixBitScales unpacks the 6-bit scales and mins of a Q4_K or Q5_K unit: 0…3
// and 4…7 as bytes, then d and dmin.
func sixBitScales(x *x86) {
	const low, min = regScale, regScale + 2
	x.splat(0x3f3f3f3f, regTmp+2)
	x.andMem(x.words(64, "SI"), regTmp+2, low)
	x.andMem(x.words(2*64, "SI"), regTmp+2, min)
	x.splat(0x30303030, regTmp+2)
	x.load(x.words(3*64, "SI"), regTmp)
	x.and(regTmp, regMask, low+1)
	x.shift(regTmp, 4, min+1)
	x.and(min+1, regMask, min+1)
	x.shr(x.words(64, "SI"), 2, regTmp)
	x.merge(regTmp, regTmp+2, low+1)
	x.shr(x.words(2*64, "SI"), 2, regTmp)
	x.merge(regTmp, regTmp+2, min+1)
	x.load(x.words(0, "SI"), regTmp)
	x.splitHalves(regTmp, regScale+4, regScale+5)
}

func sixBitScale(x *x86, g int) {
	x.byteOf(regScale+g/4, g%4, false, regOut)
	x.toFloat(regOut, regOut)
	x.mul(regOut, regScale+4, regOut)
}

func sixBitMins(x *x86, pair int) {
	x.move(regScale+2+pair/2, regOut)
	x.wordPair(pair % 2)
}

// q3Scales unpacks 16 6-bit scales, negated: 32 - s as bytes of 4 registers.
func q3Scales(x *x86) {
	x.load(x.words(26*64, "SI"), regTmp)
	x.splat(0x20202020, regTmp+2)
	for i := range 4 {
		x.shr(x.words((24+i%2)*64, "SI"), i/2*4, regScale+i)
		x.and(regScale+i, regMask, regScale+i)
		x.shift(regTmp, 2*i, regTmp+1)
		x.and(regTmp+1, regBits, regTmp+1)
		x.shift(regTmp+1, -4, regTmp+1)
		x.or(regTmp+1, regScale+i, regScale+i)
		x.op("VPSUBB", regScale+i, regTmp+2, regScale+i)
	}
}

// q3Quants multiplies u = q+4, of 3 bits, with the scale t: u·t + (128 - 4t)
// is a byte, so it may be computed modulo 256, even and odd bytes apart.
func q3Quants(x *x86, k int) {
	const t, offset = regScale + 4, regScale + 5
	if k%4 == 0 {
		q3Group(x, k/4, t, offset)
	}
	x.shr(x.words((8+k/32*8+k%8)*64, "SI"), k/8%4*2, regOut)
	x.and(regOut, regBits, regOut)
	x.shr(x.words(k%8*64, "SI"), k/8-2, regTmp)
	x.merge(regTmp, regTable, regOut)
	x.op("VPMULLW", regOut, t, regTmp)
	x.and(regTmp, regByte, regTmp)
	x.i("VPSRLW", "$8", x.r(regOut), x.r(regOut))
	x.op("VPMULLW", regOut, t, regOut)
	x.i("VPSLLW", "$8", x.r(regOut), x.r(regOut))
	x.or(regTmp, regOut, regOut)
	x.op("VPADDB", offset, regOut, regOut)
}

// q3Group spreads scale g: t in 16-bit lanes, 128 - 4t in bytes.
func q3Group(x *x86, g, t, offset int) {
	x.table("·wordSplat", regTmp+1)
	x.shift(regScale+g/4, g%4*8, regTmp)
	x.op("VPSHUFB", regTmp+1, regTmp, t)
	x.i("VPSLLW", "$2", x.r(t), x.r(regTmp)) // 4t in the high bytes
	x.i("VPSRAW", "$8", x.r(t), x.r(t))
	x.i("VPSRLW", "$8", x.r(regTmp), x.r(regTmp+1))
	x.or(regTmp, regTmp+1, regTmp)
	if x.madd { // signed
		x.zero(regTmp + 1)
	} else {
		x.splat(0x80808080, regTmp+1)
	}
	x.op("VPSUBB", regTmp, regTmp+1, offset)
}
