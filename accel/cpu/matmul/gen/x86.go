package main

import "fmt"

// x86 emits instructions on vectors of 64 bytes (AVX-512) or 32 (AVX2): the
// same words of 16 or of 8 rows.
type x86 struct {
	*file
	bytes int
	half  int  // which 8 of the 16 rows, on 32-byte vectors
	vex   bool // AVX-VNNI
	madd  bool // AVX2, without 4-way dot products

	halfLoop bool // the halves are a loop: words at SI, 16-bit lanes at R10, bytes at R11
	at       int  // offset of the unit
}

func (x *x86) zmm() bool { return x.bytes == 64 }

// r names a vector register.
func (x *x86) r(n int) string {
	if x.zmm() {
		return fmt.Sprintf("Z%d", n)
	}
	if n > 15 {
		panic("out of registers")
	}
	return fmt.Sprintf("Y%d", n)
}

// pick chooses the mnemonic of the width.
func (x *x86) pick(evex, vex string) string {
	if x.zmm() {
		return evex
	}
	return vex
}

// words is the operand of the 32-bit lanes of this half's rows, bytes2 and
// bytes1 of their 16-bit and 8-bit lanes.
func (x *x86) words(off int, base string) string {
	if base == "SI" {
		off += x.at
	}
	return mem(off+32*x.half, base)
}

func (x *x86) bytes2(off int, base string) string { return x.narrow(off+16*x.half, base, "R10") }
func (x *x86) bytes1(off int, base string) string { return x.narrow(off+8*x.half, base, "R11") }

func (x *x86) narrow(off int, base, own string) string {
	if x.halfLoop {
		base = own
	}
	return mem(off+x.at, base)
}

func (x *x86) load(m string, dst int)  { x.i(x.pick("VMOVDQU32", "VMOVDQU"), m, x.r(dst)) }
func (x *x86) store(src int, m string) { x.i(x.pick("VMOVDQU32", "VMOVDQU"), x.r(src), m) }
func (x *x86) move(src, dst int)       { x.i(x.pick("VMOVDQA32", "VMOVDQA"), x.r(src), x.r(dst)) }
func (x *x86) zero(dst int)            { x.op(x.pick("VPXORD", "VPXOR"), dst, dst, dst) }
func (x *x86) and(a, b, dst int)       { x.op(x.pick("VPANDD", "VPAND"), a, b, dst) }
func (x *x86) or(a, b, dst int)        { x.op(x.pick("VPORD", "VPOR"), a, b, dst) }
func (x *x86) xor(a, b, dst int)       { x.op(x.pick("VPXORD", "VPXOR"), a, b, dst) }

// op emits an instruction on registers.
func (x *x86) op(name string, regs ...int) {
	operands := make([]any, len(regs))
	for i, n := range regs {
		operands[i] = x.r(n)
	}
	x.i(name, operands...)
}

// andMem sets dst to memory AND mask.
func (x *x86) andMem(m string, mask, dst int) {
	x.i(x.pick("VPANDD", "VPAND"), m, x.r(mask), x.r(dst))
}

// shr sets dst to the 32-bit lanes of memory shifted right, or left if n is
// negative.
func (x *x86) shr(m string, n, dst int) {
	if n == 0 || !x.zmm() {
		x.load(m, dst)
		x.shift(dst, n, dst)
		return
	}
	x.i(shiftOp(n), imm(max(n, -n)), m, x.r(dst))
}

func (x *x86) shift(src, n, dst int) {
	switch {
	case n != 0:
		x.i(shiftOp(n), imm(max(n, -n)), x.r(src), x.r(dst))
	case src != dst:
		x.move(src, dst)
	}
}

func shiftOp(n int) string {
	if n < 0 {
		return "VPSLLD"
	}
	return "VPSRLD"
}

// merge sets dst to dst OR (src AND mask); src is clobbered.
func (x *x86) merge(src, mask, dst int) {
	if x.zmm() {
		x.i("VPTERNLOGD", "$0xf8", x.r(mask), x.r(src), x.r(dst))
		return
	}
	x.and(src, mask, src)
	x.or(src, dst, dst)
}

// splat fills dst with a 32-bit constant; AX is clobbered.
func (x *x86) splat(v uint32, dst int) {
	x.i("MOVL", fmt.Sprintf("$0x%08x", v), "AX")
	if x.zmm() {
		x.i("VPBROADCASTD", "AX", x.r(dst))
		return
	}
	x.i("VMOVD", "AX", fmt.Sprintf("X%d", dst))
	x.i("VPBROADCASTD", fmt.Sprintf("X%d", dst), x.r(dst))
}

// table fills every 16 bytes of dst from a symbol.
func (x *x86) table(symbol string, dst int) {
	x.i(x.pick("VBROADCASTI32X4", "VBROADCASTI128"), symbol+"<>(SB)", x.r(dst))
}

// broadcast fills dst with a 32-bit word of memory.
func (x *x86) broadcast(m string, dst int) { x.i("VPBROADCASTD", m, x.r(dst)) }

// dp4 adds the products of 4 unsigned bytes of w and signed ones of y.
func (x *x86) dp4(y, w, acc int) { x.dot(0x50, "VPDPBUSD", y, w, acc) }

// dp2 adds the products of 2 signed 16-bit pairs.
func (x *x86) dp2(y, w, acc int) { x.dot(0x52, "VPDPWSSD", y, w, acc) }

func (x *x86) dot(opcode int, name string, y, w, acc int) {
	if x.zmm() {
		x.op(name, y, w, acc)
		return
	}
	x.vexDot(opcode, name, y, w, acc)
}

// half converts 16 (or 8) half-precision numbers of memory.
func (x *x86) halves(m string, dst int) { x.i("VCVTPH2PS", m, x.r(dst)) }

// toFloat converts integers.
func (x *x86) toFloat(src, dst int) { x.op("VCVTDQ2PS", src, dst) }

// fma adds a·b to acc.
func (x *x86) fma(a, b, acc int) { x.op("VFMADD231PS", a, b, acc) }

// mul sets dst to a·b.
func (x *x86) mul(a, b, dst int) { x.op("VMULPS", a, b, dst) }

// byteOf sets dst to byte n of each 32-bit lane of src, with its sign or
// without.
func (x *x86) byteOf(src, n int, signed bool, dst int) {
	if signed {
		x.shift(src, n*8-24, dst)
		x.i("VPSRAD", "$24", x.r(dst), x.r(dst))
		return
	}
	x.shift(src, 8*n, dst)
	if n < 3 {
		x.and(dst, regByte, dst)
	}
}

func xmm(n int) string { return fmt.Sprintf("X%d", n) }
func ymm(n int) string { return fmt.Sprintf("Y%d", n) }
