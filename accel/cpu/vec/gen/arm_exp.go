package main

// The constants of exp stay in V16 to V27.
var expConstants = []string{"expMin", "expMax", "log2e", "ln2Hi", "ln2Lo", "expC6", "expC5", "expC4", "expC3", "expC2", "one"}

// con is the register of a constant.
func con(name string) int {
	for i, c := range expConstants {
		if c == name {
			return 16 + i
		}
	}
	panic(name)
}

func (a *neon) expConstants() {
	for i, c := range expConstants {
		a.fill(c, 16+i)
	}
}

// exp replaces V0 by its exponential; it uses V1, V2, V3 and V6.
func (a *neon) exp() {
	const x, n, p, t, k = 0, 1, 2, 3, 6
	a.op("fmax", x, x, con("expMin"))
	a.op("fmin", x, x, con("expMax"))
	a.op("fmul", n, x, con("log2e"))
	a.op("frintn", n, n)
	a.op("fmls", x, n, con("ln2Hi"))
	a.op("fmls", x, n, con("ln2Lo"))
	a.op("orr", p, con("expC6"), con("expC6"))
	for i, c := range []string{"expC5", "expC4", "expC3", "expC2", "one", "one"} {
		from, to := p, t
		if i%2 == 1 {
			from, to = t, p
		}
		a.op("orr", to, con(c), con(c))
		a.op("fmla", to, from, x)
	}
	// Two factors of half the exponent reach denormals and Inf.
	a.op("fcvtns", n, n)
	a.op("sshr1", k, n)
	a.op("sub", n, n, k)
	for _, r := range []int{n, k} {
		a.op("shl23", r, r)
		a.op("add", r, r, con("one"))
	}
	a.op("fmul", p, p, k)
	a.op("fmul", x, p, n)
}

func (a *neon) exponentials() {
	a.fn("expLanes", "dst [], x []", "n", func() {
		a.load("dst", "R0", "x", "R1")
		a.expConstants()
		a.loop(1, func(int) {
			a.ld("R1", 0, 1, true)
			a.exp()
			a.st("R0", 0, 1)
		})
	})
	a.fn("expSumLanes", "x [], m", "sum, n", func() {
		a.load("x", "R0")
		a.expConstants()
		a.broadcast("m", 31)
		a.zero(30)
		a.loop(1, func(int) {
			a.ld("R0", 0, 1, false)
			a.op("fsub", 0, 0, 31)
			a.exp()
			a.op("fadd", 30, 30, 0)
			a.st("R0", 0, 1)
		})
		a.op("orr", 0, 30, 30)
		a.foldSum(1)
	})
	// Gates: x*sigmoid(y) = x/(1+exp(-y)); argument leaves -y in V0. V4 is the
	// dividend, x unless pass takes over.
	gate := func(name string, gated bool, argument func()) {
		params := "dst [], x []"
		if gated {
			params += ", up []"
		}
		a.fn(name, params, "n", func() {
			a.load("dst", "R0", "x", "R1")
			if gated {
				a.load("up", "R2")
			}
			a.expConstants()
			a.fill("-gelu1", 28)
			a.fill("-gelu3", 29)
			a.loop(1, func(int) {
				a.ld("R1", 4, 1, true)
				argument()
				a.exp()
				a.op("fadd", 0, 0, con("one"))
				a.op("fdiv", 4, 4, 0)
				if gated {
					a.ld("R2", 5, 1, true)
					a.op("fmul", 4, 4, 5)
				}
				a.st("R0", 4, 1)
			})
		})
	}
	negate := func() { a.op("fneg", 0, 4) }
	tanhForm := func() {
		a.op("fmul", 1, 4, 4)
		a.op("orr", 0, 28, 28)
		a.op("fmla", 0, 1, 29)
		a.op("fmul", 0, 0, 4)
	}
	gate("siluLanes", false, negate)
	gate("siluMulLanes", true, negate)
	gate("geluLanes", false, tanhForm)
	gate("geluMulLanes", true, tanhForm)
	a.fn("sigmoidMulLanes", "dst [], x [], up []", "n", func() {
		a.load("dst", "R0", "x", "R1", "up", "R2")
		a.expConstants()
		a.loop(1, func(int) {
			a.ld("R1", 4, 1, true)
			negate()
			a.exp()
			a.op("fadd", 0, 0, con("one"))
			a.ld("R2", 4, 1, true)
			a.op("fdiv", 4, 4, 0)
			a.st("R0", 4, 1)
		})
	})
	a.fn("clampedSwiGLULanes", "dst [], x [], up [], limit", "n", func() {
		a.load("dst", "R0", "x", "R1", "up", "R2")
		a.expConstants()
		a.broadcast("limit", 31)
		a.op("fneg", 30, 31)
		a.fill("-quick", 29)
		a.loop(1, func(int) {
			a.ld("R1", 4, 1, true)
			a.op("fmin", 4, 4, 31)
			a.op("fmul", 0, 4, 29)
			a.exp()
			a.op("fadd", 0, 0, con("one"))
			a.op("fdiv", 4, 4, 0)
			a.ld("R2", 5, 1, true)
			a.op("fmin", 5, 5, 31)
			a.op("fmax", 5, 5, 30)
			a.op("fadd", 5, 5, con("one"))
			a.op("fmul", 4, 4, 5)
			a.st("R0", 4, 1)
		})
	})
	a.fn("softCapLanes", "x [], limit, inv", "n", a.softCap)
}

func (a *neon) softCap() {
	a.load("x", "R0")
	a.expConstants()
	a.broadcast("limit", 31)
	a.broadcast("inv", 30)
	a.fill("sign", 29)
	a.fill("two", 28)
	for i, c := range []string{"tanh9", "tanh7", "tanh5", "tanh3", "tanhSmall"} {
		a.fill(c, 10+i)
	}
	a.loop(1, func(int) {
		a.ld("R0", 4, 1, false)
		a.op("fmul", 4, 4, 30)
		a.op("fabs", 5, 4)
		a.op("fadd", 0, 5, 5)
		a.exp()
		a.op("fadd", 0, 0, con("one"))
		a.op("fdiv", 0, 28, 0)
		a.op("fsub", 0, con("one"), 0)
		a.op("bit", 0, 4, 29) // tanh(|x|) takes the sign of x
		a.op("fmul", 1, 4, 4)
		a.op("orr", 2, 10, 10)
		for i, c := range []int{11, 12, 13, con("one")} {
			from, to := 2, 3
			if i%2 == 1 {
				from, to = 3, 2
			}
			a.op("orr", to, c, c)
			a.op("fmla", to, from, 1)
		}
		a.op("fmul", 2, 2, 4)
		a.op("fcmgt", 3, 14, 5)
		a.op("bit", 0, 2, 3)
		a.op("fmul", 0, 0, 31)
		a.st("R0", 0, 1)
	})
}
