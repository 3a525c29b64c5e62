package main

// Registers of the matrix-vector kernels, beside those of the weight type.
const (
	vecSum  = 16 // of the row block
	vecSub  = 17 // of 64 columns, or of 256 (g256)
	vecAcc  = 18 // and 19: integers
	vecTmp  = 20
	vecMins = 21 // integers
)

// gemvKernel emits the kernel for one vector, straight from the packed units:
// what a panel would hold never leaves the registers. It multiplies argCount
// blocks of 16 rows with argN blocks of 64 columns.
//
// R8 is dst, SI the units, R9 counts blocks of rows, CX blocks of columns, DI
// and BX are the activations and their sums; R10 to R14 belong to the streams.
func (x *x86) gemvKernel(prefix string, w weight) string {
	name := prefix + "_gemv_" + w.name
	v := w.v()
	per := max(64, w.cols) // columns of a turn
	x.f("\nTEXT ·%s<>(SB), NOSPLIT|NOFRAME, $0-0", name)
	x.i("MOVQ", mem(argDst, "DX"), "R8")
	x.i("MOVQ", mem(argW, "DX"), "SI")
	x.i("MOVQ", mem(argCount, "DX"), "R9")
	w.consts(x)
	if w.ints != nil {
		x.intConsts(w.ints)
	}
	p := streamsOf(w.size*per/w.cols, "R10", "R14", "R11")
	p.three, p.five = "R12", "R13"
	x.streamStart(p, per)
	x.loop("R9", 1, func() {
		x.i("MOVQ", mem(argActs, "DX"), "DI")
		x.i("MOVQ", mem(argSums, "DX"), "BX")
		x.i("MOVQ", mem(argN, "DX"), "CX")
		x.zero(vecSum)
		x.loop("CX", per/64, func() {
			x.gemvTurn(w, v, per, p)
			x.streamStep(p)
		})
		x.store(vecSum, "(R8)")
		x.i("ADDQ", imm(64), "R8")
	})
	x.i("VZEROUPPER")
	x.i("RET")
	return name
}

// gemvTurn multiplies one unit, or as many as cover 64 columns.
func (x *x86) gemvTurn(w weight, v variant, per int, p streams) {
	if v.group == 256 {
		x.zero(vecSub)
	}
	for b := range per / 64 {
		if w.ints != nil {
			x.gemvInts(w, v, b, per, p)
		} else {
			x.gemvBlock(w, v, b, per, p)
		}
	}
	if v.group == 256 {
		w.scale(x, 0)
		x.fma(regOut, vecSub, vecSum)
	}
	if w.dmin != 0 {
		x.gemvMins(w, v)
	}
	if w.cols > 64 {
		x.i("ADDQ", imm(w.size), "SI")
	}
	x.i("ADDQ", imm(blockSize*per/64), "DI")
}

// gemvBlock multiplies the b-th 64 columns of a turn.
func (x *x86) gemvBlock(w weight, v variant, b, per int, p streams) {
	at := func(off int) string { return mem(blockSize*b+off, "DI") }
	group := min(v.group, 64)
	for g := range 64 / group {
		col := 64*b + group*g // in the turn
		if w.cols <= 64 {
			col %= w.cols
		}
		if col == 0 && w.unit != nil {
			w.unit(x)
		}
		x.gemvStart(v, g, at)
		for k := range group / 4 {
			w.quants(x, col/4+k)
			x.prefetch(p, 16*b+group/4*g+k, per/4)
			if v.group == 256 && k == 8 && v.offset {
				x.i("VPADDD.BCST", at(offSum32+4), x.r(vecAcc), x.r(vecAcc))
			}
			x.i("VPDPBUSD.BCST", at(group*g+4*k), x.r(regOut), x.r(vecAcc+k%2))
		}
		x.op("VPADDD", vecAcc+1, vecAcc, vecAcc)
		x.toFloat(vecAcc, vecAcc)
		x.gemvScale(w, v, g, col, at)
		if w.cols == col+group && w.cols <= 64 {
			x.i("ADDQ", imm(w.size), "SI")
		}
	}
	if v.group < 256 {
		x.i("VFMADD231PS.BCST", at(offScale), x.r(vecSub), x.r(vecSum))
	}
}

func (x *x86) gemvStart(v variant, g int, at func(int) string) {
	x.zero(vecAcc + 1)
	switch {
	case !v.offset:
		x.zero(vecAcc)
	case v.group == 16:
		x.broadcast(at(offSum16+4*g), vecAcc)
	default:
		x.broadcast(at(offSum32+4*g), vecAcc)
	}
}

func (x *x86) gemvScale(w weight, v variant, g, col int, at func(int) string) {
	if v.group == 256 {
		x.i("VFMADD231PS.BCST", at(offScale), x.r(vecAcc), x.r(vecSub))
		return
	}
	w.scale(x, col/v.group)
	if g == 0 {
		x.mul(vecAcc, regOut, vecSub)
	} else {
		x.fma(vecAcc, regOut, vecSub)
	}
	if v.mins == floatMins {
		w.mins(x, 0)
		x.i("VCVTDQ2PS.BCST", at(offSum32+4*g), x.r(vecTmp))
		x.fma(vecTmp, regOut, vecSub)
	}
}

func (x *x86) gemvMins(w weight, v variant) {
	section := offPair32
	if v.mins == int16Mins {
		section = offPair16
	}
	x.zero(vecMins)
	for p := range v.minVectors(256) {
		w.mins(x, p)
		x.i("VPDPWSSD.BCST", mem(section+4*p, "BX"), x.r(regOut), x.r(vecMins))
	}
	x.toFloat(vecMins, vecMins)
	x.mul(vecMins, w.dmin, vecMins)
	x.i("VFNMADD231PS.BCST", mem(offUnit, "BX"), x.r(vecMins), x.r(vecSum))
	x.i("ADDQ", imm(superSize), "BX")
}
