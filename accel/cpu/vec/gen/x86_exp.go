package main

import "fmt"

// exp replaces V(x) by its exponential; t and u are two registers to use.
// V12 and V13 hold expMin and expMax: in this order of operands NaN passes.
func (a *asm) exp(x, t, u int) {
	a.ins("VMAXPS V%d, V12, V%d\nVMINPS V%d, V13, V%d", x, x, x, x)
	a.ins("VMOVAPS V14, V%d", t)
	a.con("VFMADD231PS", "log2e", fmt.Sprintf("V%d, V%d", x, t)) // round(x/ln 2) in the low bits
	a.ins("VSUBPS V14, V%d, V%d", t, u)
	a.con("VFNMADD231PS", "ln2Hi", fmt.Sprintf("V%d, V%d", u, x))
	a.con("VFNMADD231PS", "ln2Lo", fmt.Sprintf("V%d, V%d", u, x))
	if !a.wide() {
		a.ins("VPSUBD V14, V%d, V%d", t, t) // the integer n
	}
	p := u
	if a.wide() {
		p, t = t, u
	}
	a.fill("expC6", p)
	for _, c := range []string{"expC5", "expC4", "expC3", "expC2", "one", "one"} {
		a.con("VFMADD213PS", c, fmt.Sprintf("V%d, V%d", x, p))
	}
	if a.wide() {
		a.ins("VSCALEFPS V%d, V%d, V%d", t, p, x)
		return
	}
	// Two factors of half the exponent reach denormals and Inf.
	a.ins("VPSRAD $1, V%d, V%d\nVPSUBD V%d, V%d, V%d", t, x, x, t, t)
	for _, r := range []int{x, t} {
		a.ins("VPSLLD $23, V%d, V%d", r, r)
		a.con("VPADDD", "one", fmt.Sprintf("V%d, V%d", r, r))
	}
	a.ins("VMULPS V%d, V%d, V%d\nVMULPS V%d, V%d, V%d", x, p, p, t, p, x)
}

func (a *asm) expConstants() {
	a.fill("expMin", 12)
	a.fill("expMax", 13)
	a.fill("toRound", 14)
}

func (a *asm) exponentials() {
	a.fn("expLanes", "dst [], x []", "n", func() {
		a.load("dst", "DI", "x", "SI")
		a.expConstants()
		a.loop(1, func(int) {
			a.ins("VMOVUPS %s, V0", a.at("SI", 0))
			a.exp(0, 1, 2)
			a.ins("VMOVUPS V0, %s", a.at("DI", 0))
		})
	})
	a.fn("expSumLanes", "x [], m", "sum, n", func() {
		a.load("x", "DI")
		a.expConstants()
		a.broadcast("m", 11)
		a.ins("VXORPS V10, V10, V10")
		a.loop(1, func(int) {
			a.ins("VMOVUPS %s, V0\nVSUBPS V11, V0, V0", a.at("DI", 0))
			a.exp(0, 1, 2)
			a.ins("VADDPS V0, V10, V10\nVMOVUPS V0, %s", a.at("DI", 0))
		})
		a.ins("VMOVAPS V10, V0")
		a.fold("VADDPS", 1, 4)
		a.ins("VMOVSS X0, %s", a.args["sum"])
	})
	// Gates: x*sigmoid(y) = x/(1+exp(-y)); argument leaves -y in V0 and may
	// use V1; x is in V3.
	gate := func(name string, gated bool, argument func(), setup ...func()) {
		params := "dst [], x []"
		if gated {
			params = "dst [], x [], up []"
		}
		a.fn(name, params, "n", func() {
			a.load("dst", "DI", "x", "SI")
			if gated {
				a.load("up", "DX")
			}
			a.expConstants()
			a.loop(1, func(int) {
				a.ins("VMOVUPS %s, V3", a.at("SI", 0))
				argument()
				a.exp(0, 1, 2)
				a.con("VADDPS", "one", "V0, V0")
				a.ins("VDIVPS V0, V3, V3")
				if gated {
					a.ins("VMULPS %s, V3, V3", a.at("DX", 0))
				}
				a.ins("VMOVUPS V3, %s", a.at("DI", 0))
			})
		})
	}
	negate := func() { a.con("VXORPS", "sign", "V3, V0") }
	tanhForm := func() {
		a.ins("VMULPS V3, V3, V1")
		a.fill("-gelu1", 0)
		a.con("VFMADD231PS", "-gelu3", "V1, V0")
		a.ins("VMULPS V3, V0, V0")
	}
	gate("siluLanes", false, negate)
	gate("siluMulLanes", true, negate)
	gate("geluLanes", false, tanhForm)
	gate("geluMulLanes", true, tanhForm)
	a.fn("sigmoidMulLanes", "dst [], x [], up []", "n", func() {
		a.load("dst", "DI", "x", "SI", "up", "DX")
		a.expConstants()
		a.loop(1, func(int) {
			a.ins("VMOVUPS %s, V3", a.at("SI", 0))
			negate()
			a.exp(0, 1, 2)
			a.con("VADDPS", "one", "V0, V0")
			a.ins("VMOVUPS %s, V3\nVDIVPS V0, V3, V3\nVMOVUPS V3, %s", a.at("DX", 0), a.at("DI", 0))
		})
	})
	a.fn("clampedSwiGLULanes", "dst [], x [], up [], limit", "n", func() {
		a.load("dst", "DI", "x", "SI", "up", "DX")
		a.expConstants()
		a.broadcast("limit", 11)
		a.con("VXORPS", "sign", "V11, V10")
		a.loop(1, func(int) {
			a.ins("VMOVUPS %s, V3\nVMINPS V3, V11, V3", a.at("SI", 0))
			a.con("VMULPS", "-quick", "V3, V0")
			a.exp(0, 1, 2)
			a.con("VADDPS", "one", "V0, V0")
			a.ins("VDIVPS V0, V3, V3\nVMOVUPS %s, V4\nVMINPS V4, V11, V4\nVMAXPS V4, V10, V4", a.at("DX", 0))
			a.con("VADDPS", "one", "V4, V4")
			a.ins("VMULPS V4, V3, V3\nVMOVUPS V3, %s", a.at("DI", 0))
		})
	})
	a.fn("softCapLanes", "x [], limit, inv", "n", func() {
		a.load("x", "DI")
		a.expConstants()
		a.broadcast("limit", 11)
		a.broadcast("inv", 10)
		a.loop(1, func(int) {
			a.ins("VMULPS %s, V10, V3", a.at("DI", 0))
			a.con("VANDPS", "abs", "V3, V4")
			a.ins("VADDPS V4, V4, V0")
			a.exp(0, 1, 2)
			a.con("VADDPS", "one", "V0, V0")
			a.fill("-two", 1)
			a.ins("VDIVPS V0, V1, V0")
			a.con("VADDPS", "one", "V0, V0")
			a.con("VANDPS", "sign", "V3, V1") // tanh(|x|) takes the sign of x
			a.ins("VORPS V1, V0, V0")
			a.ins("VMULPS V3, V3, V1")
			a.fill("tanh9", 2)
			for _, c := range []string{"tanh7", "tanh5", "tanh3", "one"} {
				a.con("VFMADD213PS", c, "V1, V2")
			}
			a.ins("VMULPS V3, V2, V2")
			if a.wide() {
				a.ins("VCMPPS.BCST $1, %s, Z4, K1\nVMOVAPS Z2, K1, Z0", a.constant("tanhSmall"))
			} else {
				a.ins("VCMPPS $1, %s, Y4, Y1\nVBLENDVPS Y1, Y2, Y0, Y0", a.constant("tanhSmall"))
			}
			a.ins("VMULPS V11, V0, V0\nVMOVUPS V0, %s", a.at("DI", 0))
		})
	})
}
