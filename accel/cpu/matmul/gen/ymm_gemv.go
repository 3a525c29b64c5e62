package main

// General registers of both kernels here: SI the words of a half, R10 its
// 16-bit and R11 its 8-bit parts.

// halves runs body for both halves of a unit, then steps by size bytes. The
// pointers in vectors step over half a vector each time, and back.
func (x *x86) eachHalf(counter string, size int, vectors []string, body func()) {
	x.i("MOVQ", "$2", counter)
	x.loop(counter, 1, func() {
		body()
		x.i("ADDQ", "$32", "SI")
		x.i("ADDQ", "$16", "R10")
		x.i("ADDQ", "$8", "R11")
		for _, v := range vectors {
			x.i("ADDQ", "$32", v)
		}
	})
	x.i("ADDQ", imm(size-64), "SI")
	x.i("ADDQ", imm(size-32), "R10")
	x.i("ADDQ", imm(size-16), "R11")
}

func (x *x86) unitPointers() {
	x.i("MOVQ", mem(argW, "DX"), "SI")
	x.i("MOVQ", "SI", "R10")
	x.i("MOVQ", "SI", "R11")
}

// ymmUnpack is unpackKernel with a loop over the halves.
func (x *x86) ymmUnpack(prefix string, w weight) string {
	name := prefix + "_unpack_" + w.name
	v := w.v()
	x.f("\nTEXT ·%s<>(SB), NOSPLIT|NOFRAME, $0-0", name)
	x.unitPointers()
	x.i("MOVQ", mem(argPanel, "DX"), "R8")
	x.i("MOVQ", mem(argN, "DX"), "CX")
	x.i("LEAQ", mem(panelScales, "R8"), "R12")
	x.i("LEAQ", mem(panelMins, "R8"), "R13")
	x.i("LEAQ", mem(panelDmin, "R8"), "R14")
	w.consts(x)
	x.loop("CX", 1, func() {
		x.eachHalf("R9", w.size, []string{"R8", "R12", "R13", "R14"}, func() { x.unpackUnit(w, v) })
		x.i("ADDQ", imm(16*w.cols-64), "R8")
		x.i("ADDQ", imm(64*(w.cols/v.group)-64), "R12")
		mins := v.minVectors(w.cols)
		if x.countsNegatives(w) {
			mins = w.cols / min(v.group, 64)
		}
		x.i("ADDQ", imm(64*mins-64), "R13")
	})
	x.i("VZEROUPPER")
	x.i("RET")
	return name
}

func (x *x86) countsNegatives(w weight) bool { return x.madd && maddBytes[w.name].adds == 1 }

// countNegatives sums |w| of the negative quants of a group, or of 64 columns,
// for the matrix kernels; regOut holds columns 4k to 4k+3. The sums take the
// place of mins.
func (x *x86) countNegatives(v variant, k int) {
	per := min(v.group, 64) / 4
	if k%per == 0 {
		x.zero(ymmAcc)
	}
	x.zero(ymmY)
	x.op("VPCMPGTB", regOut, ymmY, ymmY)
	x.op("VPABSB", regOut, regOut)
	x.op("VPMADDUBSW", ymmY, regOut, regOut)
	x.op("VPSUBW", regOut, ymmAcc, ymmAcc)
	if k%per == per-1 {
		x.maddOnes(ymmAcc)
		x.store(ymmAcc, x.words(k/per*64, "R13"))
	}
}

// Registers beside those of the weight type.
const (
	ymmAcc = 14
	ymmY   = 15
)

// ymmGemv is gemvKernel with a loop over the halves, each of which fetches a
// half of what comes. The sums of the rows are in dst; R12 to R14 belong to the
// streams.
func (x *x86) ymmGemv(prefix string, w weight) string {
	name := prefix + "_gemv_" + w.name
	v := w.v()
	per := max(64, w.cols)
	units := per / w.cols
	x.f("\nTEXT ·%s<>(SB), NOSPLIT|NOFRAME, $0-0", name)
	x.unitPointers()
	x.i("MOVQ", mem(argDst, "DX"), "R8")
	x.i("MOVQ", mem(argCount, "DX"), "R9")
	w.consts(x)
	p := streamsOf(w.size*units/2, "R13", "R14", "R12")
	x.streamStart(p, per/2)
	x.loop("R9", 1, func() {
		x.i("MOVQ", mem(argActs, "DX"), "DI")
		x.i("MOVQ", mem(argSums, "DX"), "BX")
		x.i("MOVQ", mem(argN, "DX"), "CX")
		x.zero(ymmY)
		x.store(ymmY, "(R8)")
		x.store(ymmY, "32(R8)")
		x.loop("CX", per/64, func() {
			x.eachHalf(mem(spillTurns, "R15"), w.size*units, []string{"R8"}, func() {
				x.ymmTurn(w, v, per, p)
				x.streamStep(p)
			})
			x.i("SUBQ", "$64", "R8")
			x.i("ADDQ", imm(blockSize*per/64), "DI")
			if w.dmin != 0 {
				x.i("ADDQ", imm(superSize), "BX")
			}
		})
		x.i("ADDQ", imm(64), "R8")
	})
	x.i("VZEROUPPER")
	x.i("RET")
	return name
}

func (x *x86) ymmTurn(w weight, v variant, per int, p streams) {
	group := min(v.group, 64)
	for col := 0; col < per; col += group {
		block, g := col/64, col%64/group
		at := func(off int) string { return mem(blockSize*block+off, "DI") }
		x.at = col / w.cols * w.size
		if col%w.cols == 0 && w.unit != nil {
			w.unit(x)
		}
		x.ymmInts(w, v, col, group, at, func(k int) { x.prefetch(p, k, per/4) })
		x.toFloat(ymmAcc, ymmAcc)
		switch {
		case v.group == 256:
			x.ymmWide(w, block, at)
		default:
			x.ymmScale(w, v, col, g, at)
		}
	}
	if w.dmin != 0 {
		x.ymmMins(w, v)
	}
	x.at = 0
}

// ymmInts multiplies the columns of a group.
func (x *x86) ymmInts(w weight, v variant, col, group int, at func(int) string, prefetch func(k int)) {
	g := col % 64 / group
	sums := at(offSum32 + 4*g)
	if v.group == 16 {
		sums = at(offSum16 + 4*g)
	}
	b := maddBytes[w.name]
	if !x.madd {
		if v.offset {
			x.broadcast(sums, ymmAcc)
		} else {
			x.zero(ymmAcc)
		}
	}
	n := group / 4
	for k := range n {
		w.quants(x, col%w.cols/4+k)
		prefetch(col/4 + k)
		x.broadcast(at(col%64+4*k), ymmY)
		switch {
		case !x.madd:
			x.dp4(ymmY, regOut, ymmAcc)
		case b.adds == 1:
			x.ymmSigned(k == 0)
		default:
			m := min(n, b.adds)
			x.ymmSmall(k/m > 0, k%m == 0, (k+1)%m == 0, k+1 == n)
		}
	}
	if !x.madd && v.group == 256 && v.offset {
		x.i("VPBROADCASTD", at(offSum32+4), x.r(ymmY))
		x.op("VPADDD", ymmY, ymmAcc, ymmAcc)
	}
	if x.madd && b.bias > 0 {
		x.broadcast(sums, ymmY)
		x.unbias(b.bias, ymmY)
		x.op("VPADDD", ymmY, ymmAcc, ymmAcc)
	}
}

// ymmSigned multiplies signed quants.
func (x *x86) ymmSigned(first bool) {
	x.op("VPSIGNB", regOut, ymmY, ymmY)
	x.op("VPABSB", regOut, regOut)
	if first {
		x.op("VPMADDUBSW", ymmY, regOut, ymmAcc)
		x.maddOnes(ymmAcc)
		return
	}
	x.op("VPMADDUBSW", ymmY, regOut, ymmY)
	x.maddOnes(ymmY)
	x.op("VPADDD", ymmY, ymmAcc, ymmAcc)
}

// ymmSmall multiplies unsigned quants, in 16 bits until the last of a run.
func (x *x86) ymmSmall(again, first, last, end bool) {
	if first {
		x.op("VPMADDUBSW", ymmY, regOut, ymmAcc)
	} else {
		x.op("VPMADDUBSW", ymmY, regOut, ymmY)
		x.op("VPADDW", ymmY, ymmAcc, ymmAcc)
	}
	if !last {
		return
	}
	x.maddOnes(ymmAcc)
	if again {
		x.i("VPADDD", spill(spillAcc, 0), x.r(ymmAcc), x.r(ymmAcc))
	}
	if !end {
		x.store(ymmAcc, spill(spillAcc, 0))
	}
}

// ymmScale adds a group to the sums of 64 columns, and these to those of the
// rows.
func (x *x86) ymmScale(w weight, v variant, col, g int, at func(int) string) {
	w.scale(x, col%w.cols/v.group)
	if g == 0 {
		x.mul(ymmAcc, regOut, ymmAcc)
	} else {
		x.fmaMem(spill(spillSub, 0), regOut, ymmAcc)
	}
	if v.mins == floatMins {
		w.mins(x, 0)
		x.broadcast(at(offSum32+4*g), ymmY)
		x.toFloat(ymmY, ymmY)
		x.fma(ymmY, regOut, ymmAcc)
	}
	if (g+1)*v.group < 64 {
		x.store(ymmAcc, spill(spillSub, 0))
		return
	}
	x.broadcast(at(offScale), ymmY)
	x.fmaMem("(R8)", ymmY, ymmAcc)
	x.store(ymmAcc, "(R8)")
}

// ymmWide adds a block to the sums of 256 columns.
func (x *x86) ymmWide(w weight, block int, at func(int) string) {
	x.broadcast(at(offScale), ymmY)
	if block == 0 {
		x.mul(ymmAcc, ymmY, ymmAcc)
	} else {
		x.fmaMem(spill(spillSub, 0), ymmY, ymmAcc)
	}
	if block < 3 {
		x.store(ymmAcc, spill(spillSub, 0))
		return
	}
	w.scale(x, 0)
	x.fmaMem("(R8)", regOut, ymmAcc)
	x.store(ymmAcc, "(R8)")
}

func (x *x86) ymmMins(w weight, v variant) {
	section := offPair32
	if v.mins == int16Mins {
		section = offPair16
	}
	x.zero(ymmAcc)
	for p := range v.minVectors(256) {
		w.mins(x, p)
		x.broadcast(mem(section+4*p, "BX"), ymmY)
		if !x.madd {
			x.dp2(ymmY, regOut, ymmAcc)
			continue
		}
		x.op("VPMADDWD", ymmY, regOut, ymmY)
		x.op("VPADDD", ymmY, ymmAcc, ymmAcc)
	}
	x.toFloat(ymmAcc, ymmAcc)
	x.mul(ymmAcc, w.dmin, ymmAcc)
	x.broadcast(mem(offUnit, "BX"), ymmY)
	x.i("VFNMADD213PS", "(R8)", x.r(ymmY), x.r(ymmAcc))
	x.store(ymmAcc, "(R8)")
}
