package main

// unpackKernel emits the kernel that unpacks argN units of 16 rows to a panel.
func (x *x86) unpackKernel(prefix string, w weight) string {
	name := prefix + "_unpack_" + w.name
	v := w.v()
	x.f("\nTEXT ·%s<>(SB), NOSPLIT|NOFRAME, $0-0", name)
	x.i("MOVQ", mem(argW, "DX"), "SI")
	x.i("MOVQ", mem(argPanel, "DX"), "R8")
	x.i("MOVQ", mem(argN, "DX"), "CX")
	x.i("LEAQ", mem(panelScales, "R8"), "R12")
	x.i("LEAQ", mem(panelMins, "R8"), "R13")
	x.i("LEAQ", mem(panelDmin, "R8"), "R14")
	w.consts(x)
	x.loop("CX", 1, func() {
		for x.half = range 64 / x.bytes {
			x.unpackUnit(w, v)
		}
		x.half = 0
		x.i("ADDQ", imm(w.size), "SI")
		x.i("ADDQ", imm(16*w.cols), "R8")
		x.i("ADDQ", imm(64*(w.cols/v.group)), "R12")
		x.i("ADDQ", imm(64*v.minVectors(w.cols)), "R13")
		x.i("ADDQ", imm(64), "R14")
	})
	x.i("VZEROUPPER")
	x.i("RET")
	return name
}

// minVectors is the number of vectors of mins for so many columns.
func (v variant) minVectors(cols int) int {
	switch v.mins {
	case floatMins:
		return cols / 32
	case int32Mins:
		return cols / 64
	case int16Mins:
		return cols / 32
	}
	return 0
}

func (x *x86) unpackUnit(w weight, v variant) {
	if w.unit != nil {
		w.unit(x)
	}
	for k := range w.cols / 4 {
		w.quants(x, k)
		x.store(regOut, x.words(64*k, "R8"))
		if x.countsNegatives(w) {
			x.countNegatives(v, k)
		}
	}
	for g := range w.cols / v.group {
		w.scale(x, g)
		x.store(regOut, x.words(64*g, "R12"))
	}
	for p := range v.minVectors(w.cols) {
		w.mins(x, p)
		x.store(regOut, x.words(64*p, "R13"))
	}
	if w.dmin != 0 {
		x.store(w.dmin, x.words(0, "R14"))
	}
}
