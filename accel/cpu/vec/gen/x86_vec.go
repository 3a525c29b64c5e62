package main

func vecAMD64() []byte {
	a := newAsm()
	a.arith()
	a.reductions()
	a.exponentials()
	a.ropes()
	a.conversions()
	a.table()
	return a.out.Bytes()
}

func (a *asm) arith() {
	inPlace := func(name, op string) {
		a.fn(name, "dst [], x []", "n", func() {
			a.load("dst", "DI", "x", "SI")
			a.loop(4, func(u int) {
				a.ins("VMOVUPS %s, V%d", a.at("SI", u), u)
				a.ins("%s %s, V%d, V%d", op, a.at("DI", u), u, u)
				a.ins("VMOVUPS V%d, %s", u, a.at("DI", u))
			})
		})
	}
	inPlace("addLanes", "VADDPS")
	inPlace("mulLanes", "VMULPS")
	a.fn("addScaledLanes", "dst [], x [], s", "n", func() {
		a.load("dst", "DI", "x", "SI")
		a.broadcast("s", 15)
		a.loop(4, func(u int) {
			a.ins("VMOVUPS %s, V%d", a.at("DI", u), u)
			a.ins("VFMADD231PS %s, V15, V%d", a.at("SI", u), u)
			a.ins("VMOVUPS V%d, %s", u, a.at("DI", u))
		})
	})
	a.fn("scaleLanes", "dst [], x [], s", "n", func() {
		a.load("dst", "DI", "x", "SI")
		a.broadcast("s", 15)
		a.loop(4, func(u int) {
			a.ins("VMULPS %s, V15, V%d\nVMOVUPS V%d, %s", a.at("SI", u), u, u, a.at("DI", u))
		})
	})
	a.fn("shiftScaleLanes", "dst [], x [], shift, s", "n", func() {
		a.load("dst", "DI", "x", "SI")
		a.broadcast("shift", 14)
		a.broadcast("s", 15)
		a.loop(4, func(u int) {
			a.ins("VADDPS %s, V14, V%d\nVMULPS V15, V%d, V%d\nVMOVUPS V%d, %s", a.at("SI", u), u, u, u, u, a.at("DI", u))
		})
	})
	a.fn("scaleMulLanes", "dst [], x [], w [], s", "n", func() {
		a.load("dst", "DI", "x", "SI", "w", "DX")
		a.broadcast("s", 15)
		a.loop(4, func(u int) {
			a.ins("VMULPS %s, V15, V%d", a.at("SI", u), u)
			a.ins("VMULPS %s, V%d, V%d", a.at("DX", u), u, u)
			a.ins("VMOVUPS V%d, %s", u, a.at("DI", u))
		})
	})
}

// fold reduces V0..V3 and then the lanes of V0 with op; X0 holds the result.
// The size of an element is 4 or 8 bytes.
func (a *asm) fold(op string, accumulators, size int) {
	for n := accumulators / 2; n > 0; n /= 2 {
		for i := range n {
			a.ins("%s V%d, V%d, V%d", op, i+n, i, i)
		}
	}
	if a.wide() {
		a.ins("VEXTRACTF64X4 $1, Z0, Y1\n%s Y1, Y0, Y0", op)
	}
	a.ins("VEXTRACTF128 $1, Y0, X1\n%s X1, X0, X0", op)
	a.ins("VPERMILPS $0x4e, X0, X1\n%s X1, X0, X0", op)
	if size == 4 {
		a.ins("VPERMILPS $0xb1, X0, X1\n%s X1, X0, X0", op)
	}
}

func (a *asm) zero(n int) {
	for i := range n {
		a.ins("VXORPS V%d, V%d, V%d", i, i, i)
	}
}

func (a *asm) reductions() {
	a.fn("dotLanes", "x [], y []", "sum, n", func() {
		a.load("x", "SI", "y", "DX")
		a.zero(4)
		a.loop(4, func(u int) {
			a.ins("VMOVUPS %s, V%d\nVFMADD231PS %s, V%d, V%d", a.at("SI", u), 4+u, a.at("DX", u), 4+u, u)
		})
		a.fold("VADDPS", 4, 4)
		a.ins("VMOVSS X0, %s", a.args["sum"])
	})
	// Sums in float64: each vector widens into two.
	double := func(name string, step func(acc, in int)) {
		a.fn(name, "x []", "sum64, n", func() {
			a.load("x", "SI")
			a.zero(4)
			a.loop(2, func(u int) {
				for h := range 2 {
					a.ins("VCVTPS2PD %d(SI)(BX*4), V%d", u*a.width+h*a.width/2, 4+2*u+h)
					step(2*u+h, 4+2*u+h)
				}
			})
			a.fold("VADDPD", 4, 8)
			a.ins("VMOVSD X0, %s", a.args["sum64"])
		})
	}
	double("sumLanes", func(acc, in int) { a.ins("VADDPD V%d, V%d, V%d", in, acc, acc) })
	double("sumSquaresLanes", func(acc, in int) { a.ins("VFMADD231PD V%d, V%d, V%d", in, in, acc) })

	// The accumulator is the second source, which wins against a NaN.
	largest := func(name, start string, prepare func(u int)) {
		a.fn(name, "x []", "m, n", func() {
			a.load("x", "SI")
			for i := range 4 {
				a.fill(start, i)
			}
			if prepare != nil {
				a.fill("abs", 15)
			}
			a.loop(4, func(u int) {
				a.ins("VMOVUPS %s, V%d", a.at("SI", u), 4+u)
				if prepare != nil {
					prepare(4 + u)
				}
				a.ins("VMAXPS V%d, V%d, V%d", u, 4+u, u)
			})
			a.fold("VMAXPS", 4, 4)
			a.ins("VMOVSS X0, %s", a.args["m"])
		})
	}
	largest("maxLanes", "-inf", nil)
	largest("maxAbsLanes", "zero", func(r int) { a.ins("VANDPS V15, V%d, V%d", r, r) })

	a.fn("indexLanes", "x [], v", "n", func() {
		found := a.label("found")
		a.load("x", "SI")
		a.broadcast("v", 15)
		a.loop(1, func(int) {
			if a.wide() {
				a.ins("VCMPPS $0, %s, Z15, K1\nKORTESTW K1, K1", a.at("SI", 0))
			} else {
				a.ins("VCMPPS $0, %s, Y15, Y0\nVTESTPS Y0, Y0", a.at("SI", 0))
			}
			a.ins("JNE %s", found)
		})
		a.ins("%s:\nMOVQ BX, %s", found, a.args["n"])
	})
}
