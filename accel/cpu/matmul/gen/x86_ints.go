package main

// intScales is how one vector is multiplied with a type of g256, whose scales
// are small integers: 16 columns at a time are summed and then meet their
// scale, instead of every quant its own. The sums are the same.
type intScales struct {
	consts func(x *x86)
	unit   func(x *x86)        // after the weight's own
	quants func(x *x86, k int) // 4 columns k to regOut, as bytes
	scales int                 // the first of 4 registers with a byte for each 16 columns
}

// Registers of these kernels, beside those of the other ones.
const (
	intWide   = 22 // sums of 64 columns
	intOffset = 23
	intTable  = 24 // to 27: shuffles of byte n of a lane to its second byte
)

var q2Ints = &intScales{
	unit: func(x *x86) {
		for i := range 4 {
			x.andMem(x.words(64*i, "SI"), regMask, regScale+2+i)
		}
	},
	quants: func(x *x86, k int) {
		x.shr(x.words((4+k/32*8+k%8)*64, "SI"), k/8%4*2, regOut)
		x.and(regOut, regBits, regOut)
	},
	scales: regScale + 2,
}

// q3Ints reads q+128 = u+124.
var q3Ints = &intScales{
	consts: func(x *x86) { x.splat(0x7c7c7c7c, intOffset) },
	quants: func(x *x86, k int) {
		x.shr(x.words((8+k/32*8+k%8)*64, "SI"), k/8%4*2, regOut)
		x.and(regOut, regBits, regOut)
		x.shr(x.words(k%8*64, "SI"), k/8-2, regTmp)
		x.merge(regTmp, regTable, regOut)
		x.op("VPADDB", intOffset, regOut, regOut)
	},
	scales: regScale,
}

// intConsts begins a kernel.
func (x *x86) intConsts(s *intScales) {
	if s.consts != nil {
		s.consts(x)
	}
	x.table("·secondByte", intTable)
	x.splat(0x01010101, intTable+3)
	for i := 1; i < 4; i++ {
		x.op("VPADDB", intTable+3, intTable+i-1, intTable+i)
	}
}

// gemvInts multiplies the b-th 64 columns of a unit.
func (x *x86) gemvInts(w weight, v variant, b, per int, p streams) {
	at := func(off int) string { return mem(blockSize*b+off, "DI") }
	if b == 0 {
		w.unit(x)
		if w.ints.unit != nil {
			w.ints.unit(x)
		}
	}
	x.zero(intWide)
	for g := range 4 {
		if v.offset {
			x.broadcast(at(offSum16+4*g), vecAcc)
		} else {
			x.zero(vecAcc)
		}
		for k := 4 * g; k < 4*g+4; k++ {
			w.ints.quants(x, 16*b+k)
			x.prefetch(p, 16*b+k, per/4)
			x.i("VPDPBUSD.BCST", at(4*k), x.r(regOut), x.r(vecAcc))
		}
		// The sum, within 16 bits, meets 256 times the scale.
		x.op("VPSHUFB", intTable+g, w.ints.scales+b, regOut)
		x.dp2(regOut, vecAcc, intWide)
	}
	x.i("VPSRAD", "$8", x.r(intWide), x.r(intWide))
	x.toFloat(intWide, intWide)
	x.i("VFMADD231PS.BCST", at(offScale), x.r(intWide), x.r(vecSub))
}
