package main

func (a *asm) ropes() {
	a.fn("ropeHalfLanes", "cos [], sin [], lo [], hi []", "n", func() {
		a.load("cos", "SI", "sin", "DX", "lo", "DI", "hi", "R9")
		a.loop(1, func(int) {
			a.ins("VMOVUPS %s, V0\nVMOVUPS %s, V1", a.at("SI", 0), a.at("DX", 0))
			a.ins("VMOVUPS %s, V2\nVMOVUPS %s, V3", a.at("DI", 0), a.at("R9", 0))
			a.ins("VMULPS V1, V3, V4\nVFMSUB231PS V0, V2, V4") // a cos - b sin
			a.ins("VMULPS V0, V3, V5\nVFMADD231PS V1, V2, V5") // b cos + a sin
			a.ins("VMOVUPS V4, %s\nVMOVUPS V5, %s", a.at("DI", 0), a.at("R9", 0))
		})
	})
	// A step takes as many pairs as half a vector has lanes, twice.
	a.fn("ropePairLanes", "cos [], sin [], x []", "n", func() {
		a.load("cos", "SI", "sin", "DX", "x", "DI")
		a.loop(1, func(int) {
			for h := range 2 {
				// (c0, c1, ...) becomes (c0, c0, c1, c1, ...).
				a.ins("VPMOVZXDQ %s, V0\nVMOVSLDUP V0, V0", a.part("SI", h))
				a.ins("VPMOVZXDQ %s, V1\nVMOVSLDUP V1, V1", a.part("DX", h))
				pairs := a.pairs("DI", h)
				a.ins("VMOVUPS %s, V2\nVPERMILPS $0xb1, V2, V3\nVMULPS V1, V3, V3", pairs)
				a.ins("VFMADDSUB213PS V3, V0, V2\nVMOVUPS V2, %s", pairs)
			}
		})
	})
}

// conversions read and write 16-bit values at half the index.
func (a *asm) conversions() {
	a.fn("halfFromFloatLanes", "dst [], x []", "n", func() {
		a.load("dst", "DI", "x", "SI")
		a.loop(4, func(u int) {
			a.ins("VMOVUPS %s, V%d\nVCVTPS2PH $0, V%d, %s", a.at("SI", u), u, u, a.short("DI", u))
		})
	})
	a.fn("floatFromHalfLanes", "dst [], x []", "n", func() {
		a.load("dst", "DI", "x", "SI")
		a.loop(4, func(u int) {
			a.ins("VCVTPH2PS %s, V%d\nVMOVUPS V%d, %s", a.short("SI", u), u, u, a.at("DI", u))
		})
	})
	a.fn("floatFromBF16Lanes", "dst [], x []", "n", func() {
		a.load("dst", "DI", "x", "SI")
		a.loop(4, func(u int) {
			a.ins("VPMOVZXWD %s, V%d\nVPSLLD $16, V%d, V%d\nVMOVUPS V%d, %s", a.short("SI", u), u, u, u, u, a.at("DI", u))
		})
	})
	// To nearest even: add 0x7fff and the lowest bit that stays. A NaN gets
	// its quiet bit instead.
	a.fn("bf16FromFloatLanes", "dst [], x []", "n", func() {
		a.load("dst", "DI", "x", "SI")
		a.fill("bf16Half", 12)
		a.fill("int1", 13)
		a.fill("bf16Quiet", 14)
		a.loop(1, func(int) {
			a.ins("VMOVUPS %s, V0", a.at("SI", 0))
			if a.wide() {
				a.ins("VCMPPS $3, V0, V0, K1")
			} else {
				a.ins("VCMPPS $3, V0, V0, V3")
			}
			a.ins("VPSRLD $16, V0, V1")
			if a.wide() {
				a.ins("VPANDD V13, V1, V1")
			} else {
				a.ins("VPAND V13, V1, V1")
			}
			a.ins("VPADDD V12, V1, V1\nVPADDD V0, V1, V1\nVORPS V14, V0, V2")
			if a.wide() {
				a.ins("VMOVAPS V2, K1, V1\nVPSRLD $16, V1, V1\nVPMOVDW V1, %s", a.short("DI", 0))
				return
			}
			a.ins("VBLENDVPS V3, V2, V1, V1\nVPSRLD $16, V1, V1")
			a.ins("VEXTRACTI128 $1, Y1, X2\nVPACKUSDW X2, X1, X1\nVMOVDQU X1, %s", a.short("DI", 0))
		})
	})
}
