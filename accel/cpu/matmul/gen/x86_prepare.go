package main

import "fmt"

// The arguments of the kernel that quantises activations.
const (
	prepDst   = 0  // the vector's words in the first block
	prepSuper = 8  // its words in the sums of 256 columns
	prepX     = 16 // *float32
	prepStep  = 24 // bytes between the words of the vector: 4c
	prepN     = 32 // blocks, 1 to 4
	prepSums  = 40 // [16]float32, zero where there is no block
)

// prepareKernel emits func prepareVector(a *prepArgs), which quantises up to 256
// values of one vector. In a group of c vectors, everything a vector owns are
// 32-bit words 4c bytes apart: 16 of q, 2 of sum32, 4 of sum16, 1 of d; then 8
// of pair16, 4 of pair32 and e.
func (x *x86) prepareKernel() {
	x.f("\n// func prepareVector(a *prepArgs)")
	x.f("TEXT ·prepareVector(SB), NOSPLIT|NOFRAME, $0-8")
	x.i("MOVQ", "a+0(FP)", "DX")
	x.i("MOVQ", mem(prepDst, "DX"), "DI")
	x.i("MOVQ", mem(prepX, "DX"), "SI")
	x.i("MOVQ", mem(prepStep, "DX"), "R8")
	x.i("LEAQ", "(R8)(R8*2)", "R9")
	x.i("LEAQ", mem(prepSums, "DX"), "R10")
	x.i("MOVQ", mem(prepN, "DX"), "CX")
	x.splat(0x7fffffff, 15) // absolute values
	x.splat(0x01010101, 14)
	x.splat(0x00010001, 13)
	x.i("VMOVDQU", "·interleave<>(SB)", "Y12")
	x.loop("CX", 1, x.prepareBlock)
	x.i("MOVQ", mem(prepSuper, "DX"), "DI")
	x.prepareSums()
	x.i("VZEROUPPER")
	x.i("RET")
	x.f("")
	for i, v := range []uint64{4 << 32, 5<<32 | 1, 6<<32 | 2, 7<<32 | 3} {
		x.f("DATA ·interleave<>+%d(SB)/8, $0x%016x", 8*i, v)
	}
	x.f("GLOBL ·interleave<>(SB), RODATA|NOPTR, $32")
}

// scatter stores the first n words of X register r to the vector's next rows.
func (x *x86) scatter(r, n int) {
	rows := []string{"(DI)", "(DI)(R8*1)", "(DI)(R8*2)", "(DI)(R9*1)"}
	for i := range n {
		x.i("VPEXTRD", imm(i), xmm(r), rows[i])
	}
	switch n {
	case 1:
		x.i("ADDQ", "R8", "DI")
	case 2:
		x.i("LEAQ", "(DI)(R8*2)", "DI")
	case 4:
		x.i("LEAQ", "(DI)(R8*4)", "DI")
	}
}

// greatest reduces the absolute values of Y registers [0, n) to the first word
// of X8 and divides: X9 becomes max/top, Y10 top/max in all lanes, both 0 if
// max is next to nothing.
func (x *x86) greatest(n int, top string) {
	x.and(0, 15, 8)
	for i := 1; i < n; i++ {
		x.and(i, 15, 9)
		x.op("VPMAXSD", 9, 8, 8)
	}
	x.i("VEXTRACTI128", "$1", "Y8", "X9")
	x.i("VPMAXSD", "X9", "X8", "X8")
	for _, order := range []string{"$0x4e", "$0xb1"} {
		x.i("VPSHUFD", order, "X8", "X9")
		x.i("VPMAXSD", "X9", "X8", "X8")
	}
	x.i("MOVL", top, "AX")
	x.i("VMOVD", "AX", "X10")
	x.i("VDIVSS", "X10", "X8", "X9")
	x.i("VDIVSS", "X8", "X10", "X10")
	x.i("MOVL", "$0x0da24260", "AX") // 1e-30
	x.i("VMOVD", "AX", "X11")
	x.i("VCMPSS", "$5", "X11", "X8", "X11") // not less
	x.i("VANDPS", "X11", "X9", "X9")
	x.i("VANDPS", "X11", "X10", "X10")
	x.i("VBROADCASTSS", "X10", "Y10")
}

// round multiplies Y registers [0, n) with Y10 and makes integers.
func (x *x86) round(n int) {
	for i := range n {
		x.mul(i, 10, i)
		x.op("VCVTPS2DQ", i, i)
	}
}

func (x *x86) prepareBlock() {
	for i := range 8 {
		x.load(mem(32*i, "SI"), i)
	}
	x.greatest(8, "$0x42fe0000") // 127
	x.round(8)
	for i := range 2 { // bytes of 32 columns to Y0, Y1
		a := 4 * i
		x.op("VPACKSSDW", a+1, a, a)
		x.op("VPACKSSDW", a+3, a+2, a+2)
		x.op("VPACKSSWB", a+2, a, a)
		x.op("VPERMD", a, 12, i)
	}
	for i := range 2 {
		x.scatter(i, 4)
		x.i("VEXTRACTI128", "$1", ymm(i), "X4")
		x.scatter(4, 4)
		x.op("VPMADDUBSW", i, 14, i) // sums of 4 columns
		x.op("VPMADDWD", i, 13, i)
	}
	x.op("VPHADDD", 1, 0, 0)
	x.op("VPHADDD", 0, 0, 0)
	x.i("VEXTRACTI128", "$1", "Y0", "X1")
	x.i("VPUNPCKLDQ", "X1", "X0", "X0") // of 16 columns, in order
	x.i("VCVTDQ2PS", "X0", "X2")
	x.i("VBROADCASTSS", "X9", "X3")
	x.i("VMULPS", "X3", "X2", "X2")
	x.i("VMOVUPS", "X2", "(R10)")
	x.i("VPSLLD", "$7", "X0", "X0")
	x.i("VPXOR", "X1", "X1", "X1")
	x.i("VPSUBD", "X0", "X1", "X0")
	x.i("VPHADDD", "X0", "X0", "X1")
	x.scatter(1, 2)
	x.scatter(0, 4)
	x.scatter(9, 1)
	x.i("ADDQ", "$256", "SI")
	x.i("ADDQ", "$16", "R10")
}

// prepareSums quantises the sums of 256 columns to 16 bits.
func (x *x86) prepareSums() {
	x.load(mem(prepSums, "DX"), 0)
	x.load(mem(prepSums+32, "DX"), 1)
	x.op("VHADDPS", 1, 0, 2)
	x.i("VPERMQ", "$0xd8", "Y2", "Y2")                // of 32 columns, in order
	x.greatest(3, fmt.Sprintf("$0x%08x", 0x46fffe00)) // 32767
	x.round(3)
	x.op("VPACKSSDW", 1, 0, 0)
	x.i("VPERMQ", "$0xd8", "Y0", "Y0")
	x.op("VPACKSSDW", 2, 2, 2)
	x.i("VPERMQ", "$0x08", "Y2", "Y2")
	x.scatter(0, 4)
	x.i("VEXTRACTI128", "$1", "Y0", "X1")
	x.scatter(1, 4)
	x.scatter(2, 4)
	x.scatter(9, 1)
}
