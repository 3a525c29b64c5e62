package main

func vecARM64() []byte {
	a := newNEON()
	a.arith()
	a.reductions()
	a.exponentials()
	a.ropes()
	a.conversions()
	return a.out.Bytes()
}

func (a *neon) arith() {
	// dst = f(dst, x): dst is loaded into V0.., x into V4...
	inPlace := func(name, params string, setup func(), step func(i int)) {
		a.fn(name, params, "n", func() {
			a.load("dst", "R0", "x", "R1")
			setup()
			a.loop(4, func(n int) {
				a.ld("R1", 4, n, true)
				a.ld("R0", 0, n, false)
				for i := range n {
					step(i)
				}
				a.st("R0", 0, n)
			})
		})
	}
	scalar := func() { a.broadcast("s", 31) }
	inPlace("addLanes", "dst [], x []", func() {}, func(i int) { a.op("fadd", i, i, 4+i) })
	inPlace("mulLanes", "dst [], x []", func() {}, func(i int) { a.op("fmul", i, i, 4+i) })
	inPlace("addScaledLanes", "dst [], x [], s", scalar, func(i int) { a.op("fmla", i, 4+i, 31) })
	a.fn("scaleLanes", "dst [], x [], s", "n", func() {
		a.load("dst", "R0", "x", "R1")
		scalar()
		a.loop(4, func(n int) {
			a.ld("R1", 0, n, true)
			for i := range n {
				a.op("fmul", i, i, 31)
			}
			a.st("R0", 0, n)
		})
	})
	a.fn("shiftScaleLanes", "dst [], x [], shift, s", "n", func() {
		a.load("dst", "R0", "x", "R1")
		scalar()
		a.broadcast("shift", 30)
		a.loop(4, func(n int) {
			a.ld("R1", 0, n, true)
			for i := range n {
				a.op("fadd", i, i, 30)
				a.op("fmul", i, i, 31)
			}
			a.st("R0", 0, n)
		})
	})
	a.fn("scaleMulLanes", "dst [], x [], w [], s", "n", func() {
		a.load("dst", "R0", "x", "R1", "w", "R2")
		scalar()
		a.loop(4, func(n int) {
			a.ld("R1", 0, n, true)
			a.ld("R2", 4, n, true)
			for i := range n {
				a.op("fmul", i, i, 31)
				a.op("fmul", i, i, 4+i)
			}
			a.st("R0", 0, n)
		})
	})
}

func (a *neon) reductions() {
	a.fn("dotLanes", "x [], y []", "sum, n", func() {
		a.load("x", "R1", "y", "R2")
		a.zero(0, 1, 2, 3)
		a.loop(4, func(n int) {
			a.ld("R1", 4, n, true)
			a.ld("R2", 8, n, true)
			for i := range n {
				a.op("fmla", i, 4+i, 8+i)
			}
		})
		a.foldSum(4)
	})
	double := func(name string, step func(acc, in int)) {
		a.fn(name, "x []", "sum64, n", func() {
			a.load("x", "R1")
			a.zero(0, 1, 2, 3)
			a.loop(2, func(n int) {
				a.ld("R1", 4, n, true)
				for i := range n {
					a.op("fcvtld", 8, 4+i)
					a.op("fcvtl2d", 9, 4+i)
					step(2*i, 8)
					step(2*i+1, 9)
				}
			})
			for _, i := range []int{2, 1} {
				for j := range i {
					a.op("faddd", j, j, i+j)
				}
			}
			a.op("faddp2d", 0, 0)
			a.ins("FMOVD F0, %s", a.args["sum64"])
		})
	}
	double("sumLanes", func(acc, in int) { a.op("faddd", acc, acc, in) })
	double("sumSquaresLanes", func(acc, in int) { a.op("fmlad", acc, in, in) })

	// A comparison with NaN is false, so NaN never enters.
	largest := func(name, start string, magnitude bool) {
		a.fn(name, "x []", "m, n", func() {
			a.load("x", "R1")
			for i := range 4 {
				a.fill(start, i)
			}
			a.loop(4, func(n int) {
				a.ld("R1", 4, n, true)
				for i := range n {
					if magnitude {
						a.op("fabs", 4+i, 4+i)
					}
					a.op("fcmgt", 8+i, 4+i, i)
					a.op("bit", i, 4+i, 8+i)
				}
			})
			a.op("fmax", 0, 0, 1)
			a.op("fmax", 2, 2, 3)
			a.op("fmax", 0, 0, 2)
			a.op("fmaxp", 0, 0, 0)
			a.op("fmaxp", 0, 0, 0)
			a.ins("FMOVS F0, %s", a.args["m"])
		})
	}
	largest("maxLanes", "-inf", false)
	largest("maxAbsLanes", "zero", true)

	a.fn("indexLanes", "x [], v", "n", func() {
		a.load("x", "R1")
		a.broadcast("v", 15)
		a.ins("MOVD ZR, R3")
		a.loop(1, func(int) {
			a.ld("R1", 0, 1, true)
			a.op("fcmeq", 0, 0, 15)
			a.op("umaxv", 0, 0)
			a.ins("VMOV V0.B[0], R9\nCBNZ R9, found\nADD $4, R3, R3")
		})
		a.ins("found:\nMOVD R3, %s", a.args["n"])
	})
}

// foldSum adds V0.. and their lanes.
func (a *neon) foldSum(n int) {
	for n /= 2; n > 0; n /= 2 {
		for i := range n {
			a.op("fadd", i, i, n+i)
		}
	}
	a.op("faddp", 0, 0, 0)
	a.op("faddp2s", 0, 0)
	a.ins("FMOVS F0, %s", a.args["sum"])
}

func (a *neon) ropes() {
	turn := func() {
		a.ld("R1", 4, 1, true)
		a.ld("R2", 5, 1, true)
		a.op("fmul", 2, 0, 4)
		a.op("fmls", 2, 1, 5) // a cos - b sin
		a.op("fmul", 3, 1, 4)
		a.op("fmla", 3, 0, 5) // b cos + a sin
	}
	a.fn("ropeHalfLanes", "cos [], sin [], lo [], hi []", "n", func() {
		a.load("cos", "R1", "sin", "R2", "lo", "R0", "hi", "R3")
		a.loop(1, func(int) {
			a.ld("R0", 0, 1, false)
			a.ld("R3", 1, 1, false)
			turn()
			a.st("R0", 2, 1)
			a.st("R3", 3, 1)
		})
	})
	a.fn("ropePairLanes", "cos [], sin [], x []", "n", func() {
		a.load("cos", "R1", "sin", "R2", "x", "R0")
		a.loop(1, func(int) {
			a.ins("VLD2 (R0), [V0.S4, V1.S4]")
			turn()
			a.ins("VST2.P [V2.S4, V3.S4], 32(R0)")
		})
	})
}

func (a *neon) conversions() {
	// in and out are the arrangements of the source and the result.
	convert := func(name, in, out string, setup, step func()) {
		width := map[string]int{"S4": 16, "H4": 8}
		a.fn(name, "dst [], x []", "n", func() {
			a.load("dst", "R0", "x", "R1")
			setup()
			a.loop(1, func(int) {
				a.ins("VLD1.P %d(R1), [V0.%s]", width[in], in)
				step()
				a.ins("VST1.P [V0.%s], %d(R0)", out, width[out])
			})
		})
	}
	none := func() {}
	convert("halfFromFloatLanes", "S4", "H4", none, func() { a.op("fcvtn", 0, 0) })
	convert("floatFromHalfLanes", "H4", "S4", none, func() { a.op("fcvtl", 0, 0) })
	convert("floatFromBF16Lanes", "H4", "S4", none, func() { a.op("shll16", 0, 0) })
	// To nearest even: add 0x7fff and the lowest bit that stays. A NaN gets
	// its quiet bit instead.
	convert("bf16FromFloatLanes", "S4", "H4", func() {
		a.fill("bf16Half", 16)
		a.fill("int1", 17)
		a.fill("bf16Quiet", 18)
	}, func() {
		a.op("fcmeq", 1, 0, 0)
		a.op("ushr16", 2, 0)
		a.op("and", 2, 2, 17)
		a.op("add", 2, 2, 16)
		a.op("add", 2, 2, 0)
		a.op("orr", 3, 0, 18)
		a.op("bsl", 1, 2, 3)
		a.op("shrn16", 0, 1)
	})
}
