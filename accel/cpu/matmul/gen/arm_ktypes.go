package main

// The types of 256 columns; panel_k.go of the parent package shows their
// words. What a turn needs of bits that all turns share is brought into place
// by the step between turns.
func init() {
	const splats = armConst + 2 // 4 tables: byte i of each word, 4 times
	armWeights["q2_k"] = armWeight{
		turn:   128,
		planes: []plane{{4, 8}, {0, 2}},
		consts: func(a *arm) {
			a.splat(3, armConst)
			a.splat(15, armConst+1)
			a.splatTables(splats)
		},
		unit: func(a *arm) {
			a.splitHalves(armWords, 20*64, "uzp1.8h", armScale)
			a.splitHalves(armWords, 20*64, "uzp2.8h", armScale+2)
		},
		quants: func(a *arm, k int) {
			if k%4 == 0 {
				a.load2(mem(k/16*64, armPlane(1)), armTmp, armTmp+1)
				a.each(func(v int) {
					a.op("and.16b", armTmp+v, armTmp+v, armConst+1)
					a.op("tbl.16b", armScale+4+v, armTmp+v, splats+k/4%4)
				})
			}
			a.twoBits(k)
			a.each(func(v int) { a.op("mul.16b", armOut+v, armOut+v, armScale+4+v) })
		},
		scale: func(a *arm, g int) { a.moves(armOut, armScale) },
		mins: func(a *arm, p int) [2]int {
			a.load2(mem(p*64, armWords), armOut, armOut+1)
			a.each(func(v int) { a.shift("ushr", 8, armOut+v, armOut+v, 4) })
			return [2]int{armOut, armOut + 1}
		},
		dmin: armScale + 2,
	}

	// Scales t = 32 - s of the turn are in armScale to +3, that of 16 columns
	// in +4 and +5; +8 to +11 count how far left the high bit of run 0 to 3
	// has to go: 2, 1, 0, -1, and 4 less in the second turn.
	const shifts = armScale + 8
	armWeights["q3_k"] = armWeight{
		turn:   128,
		planes: []plane{{8, 8}},
		consts: func(a *arm) {
			a.splat(3, armConst)
			a.splat(4, armConst+1)
			a.splatTables(splats)
		},
		unit: func(a *arm) {
			for i := range 4 {
				a.splat(int8(2-i), shifts+i)
			}
		},
		start: func(a *arm) { a.q3Scales(shifts + 2) },
		quants: func(a *arm, k int) {
			if k%4 == 0 {
				a.each(func(v int) { a.op("tbl.16b", armScale+4+v, armScale+k/16*2+v, splats+k/4%4) })
			}
			a.load2(mem(k%8*64, armWords), armTmp, armTmp+1)
			a.each(func(v int) { a.op("ushl.16b", armTmp+v, armTmp+v, shifts+k/8) })
			a.twoBits(k)
			a.each(func(v int) { a.op("bit.16b", armOut+v, armTmp+v, armConst+1) })
			a.each(func(v int) { a.op("sub.16b", armOut+v, armOut+v, armConst+1) })
			a.each(func(v int) { a.op("mul.16b", armOut+v, armOut+v, armScale+4+v) })
		},
		scale: func(a *arm, g int) {
			a.halves(mem(27*64, armHalfs), armOut)
			a.each(func(v int) { a.op("fneg.4s", armOut+v, armOut+v) })
		},
		step: func(a *arm) {
			for i := range 4 {
				a.op("sub.16b", shifts+i, shifts+i, armConst+1)
			}
		},
	}

	q4 := armWeight{
		turn:   64,
		planes: []plane{{4, 8}},
		consts: func(a *arm) {
			a.splat(15, armConst)
			a.lanes(0xff, armConst+1)
		},
		unit:   sixBitScalesARM,
		quants: func(a *arm, k int) { a.nibble(armPlane(0), k%8*64, k/8) },
		scale: func(a *arm, g int) {
			a.each(func(v int) {
				a.right(32, armOut+v, armScale+v, 8*g)
				a.op("and.16b", armOut+v, armOut+v, armConst+1)
			})
			a.scaled(armScale + 8)
		},
		mins: func(a *arm, p int) [2]int { return [2]int{armScale + 4 + 2*p, armScale + 5 + 2*p} },
		step: func(a *arm) { // the next two bytes
			a.each(func(v int) {
				a.shift("ushr", 32, armScale+v, armScale+v, 16)
				a.shift("sli", 32, armScale+v, armScale+2+v, 16)
				a.shift("ushr", 32, armScale+2+v, armScale+2+v, 16)
			})
		},
		dmin: armScale + 10,
	}
	armWeights["q4_k"] = q4

	// The fifth bits of the turn's two runs have to go so far left.
	const fifths, two = armConst + 3, armConst + 5
	q5 := q4
	q5.planes = []plane{{12, 8}}
	q5.consts = func(a *arm) {
		q4.consts(a)
		a.splat(16, armConst+2)
		a.splat(2, two)
	}
	q5.unit = func(a *arm) {
		sixBitScalesARM(a)
		a.splat(4, fifths)
		a.splat(3, fifths+1)
	}
	q5.quants = func(a *arm, k int) {
		q4.quants(a, k)
		a.load2(mem((4+k%8)*64, armWords), armTmp, armTmp+1)
		a.each(func(v int) { a.op("ushl.16b", armTmp+v, armTmp+v, fifths+k/8) })
		a.each(func(v int) { a.op("bit.16b", armOut+v, armTmp+v, armConst+2) })
	}
	q5.step = func(a *arm) {
		q4.step(a)
		a.each(func(v int) { a.op("sub.16b", fifths+v, fifths+v, two) })
	}
	armWeights["q5_k"] = q5

	armWeights["q6_k"] = armWeight{
		turn:   128,
		planes: []plane{{0, 16}, {32, 8}, {48, 2}},
		consts: func(a *arm) {
			a.splat(15, armConst)
			a.splat(0x30, armConst+1)
			a.splat(32, armConst+2)
		},
		unit: func(a *arm) { a.halves(mem(52*64, armHalfs), armScale) },
		quants: func(a *arm, k int) {
			run := k / 8
			a.nibble(armPlane(0), (run%2*8+k%8)*64, run/2)
			a.load2(mem(k%8*64, armPlane(1)), armTmp, armTmp+1)
			a.each(func(v int) { a.right(8, armTmp+v, armTmp+v, 2*run-4) })
			a.each(func(v int) { a.op("bit.16b", armOut+v, armTmp+v, armConst+1) })
			a.each(func(v int) { a.op("sub.16b", armOut+v, armOut+v, armConst+2) })
		},
		scale: func(a *arm, g int) {
			a.load2(mem(g/4*64, armPlane(2)), armOut, armOut+1)
			a.each(func(v int) {
				a.right(32, armOut+v, armOut+v, g%4*8-24)
				a.shift("sshr", 32, armOut+v, armOut+v, 24)
			})
			a.scaled(armScale)
		},
	}

	// The low and high bits of the scales are in armScale and armScale+2, d in
	// armScale+4.
	armWeights["iq4_xs"] = armWeight{
		turn:   64,
		planes: []plane{{2, 8}},
		consts: func(a *arm) {
			codeConsts("·iq4")(a)
			a.lanes(15, armConst+2)
			a.lanes(0x30, armConst+3)
			a.lanes(32, armConst+4)
		},
		unit: func(a *arm) {
			a.load2(mem(64, armWords), armScale, armScale+1)
			a.splitHalves(armWords, 0, "uzp1.8h", armScale+4)
			a.each(func(v int) { a.shift("ushr", 32, armScale+2+v, armTmp+v, 16) })
		},
		quants: func(a *arm, k int) { a.code(armPlane(0), (k/8*4+k%4)*64, k/4%2) },
		scale: func(a *arm, g int) {
			a.each(func(v int) {
				a.right(32, armOut+v, armScale+v, 4*g)
				a.op("and.16b", armOut+v, armOut+v, armConst+2)
				a.right(32, armTmp+v, armScale+2+v, 2*g-4)
				a.op("and.16b", armTmp+v, armTmp+v, armConst+3)
				a.op("orr.16b", armOut+v, armOut+v, armTmp+v)
				a.op("sub.4s", armOut+v, armOut+v, armConst+4)
			})
			a.scaled(armScale + 4)
		},
		step: func(a *arm) {
			a.each(func(v int) {
				a.shift("ushr", 32, armScale+v, armScale+v, 8)
				a.shift("ushr", 32, armScale+2+v, armScale+2+v, 4)
			})
		},
	}
}

// moves copies two registers.
func (a *arm) moves(dst, src int) { a.each(func(v int) { a.move(dst+v, src+v) }) }

// scaled multiplies the integers in armOut with d.
func (a *arm) scaled(d int) {
	a.each(func(v int) {
		a.op("scvtf.4s", armOut+v, armOut+v)
		a.op("fmul.4s", armOut+v, armOut+v, d+v)
	})
}

// splatTables loads 4 shuffles: each fills the bytes of a word with one of
// them.
func (a *arm) splatTables(dst int) {
	a.table("·wordSplats", dst)
	a.splat(1, armTmp)
	for i := range 3 {
		a.op("add.16b", dst+1+i, dst+i, armTmp)
	}
}

// twoBits unpacks the 2-bit quants of Q2_K and Q3_K.
func (a *arm) twoBits(k int) {
	a.load2(mem(k%8*64, armPlane(0)), armOut, armOut+1)
	a.each(func(v int) {
		a.right(8, armOut+v, armOut+v, k/8*2)
		a.op("and.16b", armOut+v, armOut+v, armConst)
	})
}

// sixBitScalesARM unpacks the 6-bit scales and mins of a Q4_K or Q5_K unit to
// bytes: scales 0…3 to armScale, 4…7 to +2, mins to +4 and +6; d to +8 and
// dmin to +10.
func sixBitScalesARM(a *arm) {
	const low, min = armScale, armScale + 4
	a.load2(mem(64, armWords), low, low+1)
	a.load2(mem(2*64, armWords), min, min+1)
	a.load2(mem(3*64, armWords), low+2, low+3)
	a.each(func(v int) {
		a.shift("ushr", 8, min+2+v, low+2+v, 4)
		a.op("and.16b", low+2+v, low+2+v, armConst)
	})
	a.splat(0x30, armTmp+2)
	for _, r := range []int{low, low + 1, min, min + 1} {
		a.shift("ushr", 8, armTmp, r, 2)
		a.op("bit.16b", r+2, armTmp, armTmp+2)
	}
	a.splat(0x3f, armTmp+2)
	for _, r := range []int{low, low + 1, min, min + 1} {
		a.op("and.16b", r, r, armTmp+2)
	}
	a.splitHalves(armWords, 0, "uzp1.8h", armScale+8)
	a.splitHalves(armWords, 0, "uzp2.8h", armScale+10)
}

// q3Scales unpacks the 6-bit scales of a turn of Q3_K: 32 - s as bytes. turn
// counts how far left the turn's bits are: 0 or -4.
func (a *arm) q3Scales(turn int) {
	for i := range 2 {
		a.load2(mem((24+i)*64, armWords), armScale+2*i, armScale+2*i+1)
	}
	a.load2(mem(26*64, armWords), armOut, armOut+1)
	a.splat(15, armTmp+2)
	for i := range 4 {
		a.op("ushl.16b", armScale+i, armScale+i, turn)
		a.op("and.16b", armScale+i, armScale+i, armTmp+2)
	}
	a.each(func(v int) { a.op("ushl.16b", armOut+v, armOut+v, turn) })
	a.splat(0x30, armTmp+2)
	a.splat(32, armTmp)
	for i := range 4 {
		a.right(8, armTmp+1, armOut+i%2, i/2*2-4)
		a.op("bit.16b", armScale+i, armTmp+1, armTmp+2)
		a.op("sub.16b", armScale+i, armTmp, armScale+i)
	}
}
