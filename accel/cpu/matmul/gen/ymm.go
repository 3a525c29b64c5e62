package main

import (
	"fmt"
	"math/bits"
)

// The tiers of 32-byte vectors have 16 registers, so sums of floats live in
// memory that call_NAME provides at R15, and the two halves of 16 rows are
// one text that runs twice.
const (
	spillSub   = 0       // [12] vectors: of 64 columns, or of 256
	spillAcc   = 12 * 32 // [12] vectors: integers
	spillTurns = 24 * 32 // counters
	spillPass  = spillTurns + 8
	spillBlock = spillPass + 8
	spillFrame = spillBlock + 8 + 31 + 17 // what aligns it, too
)

// bytesOf is how a tier without a 4-way dot product reads a type's quants.
// VPMADDUBSW adds two products of unsigned and signed bytes in 16 bits: with
// activations of at most 127, quants below 16 leave room for 8 such sums,
// below 32 for 4 and below 64 for 2. Quants of 8 bits are signed; their sign
// moves to the activations.
type bytesOf struct {
	adds int // sums that fit 16 bits; 1: quants are signed
	bias int // what was added to the quants, a power of two
}

var maddBytes = map[string]bytesOf{
	"q4_0": {8, 8}, "q4_1": {4, 0}, "q5_0": {4, 16}, "q5_1": {4, 0}, "q8_0": {1, 0},
	"q2_k": {2, 0}, "q3_k": {1, 0}, "q4_k": {8, 0}, "q5_k": {4, 0}, "q6_k": {2, 32},
	"iq4_nl": {1, 0}, "iq4_xs": {1, 0}, "mxfp4": {4, 16}, "q16": {1, 0},
}

// forMadd changes a type's quants to what maddBytes says.
func (w weight) forMadd() weight {
	switch w.name {
	case "q4_0":
		w.consts = func(x *x86) { x.splat(0x0f0f0f0f, regMask) }
		w.quants = func(x *x86, k int) { x.nibble(32+64*(k%4), k/4) }
	case "q5_0":
		w.quants = func(x *x86, k int) {
			x.nibble(32+64+64*(k%4), k/4)
			x.fifthBit(32, k)
		}
	case "q8_0":
		w.quants = func(x *x86, k int) { x.load(x.words(32+64*k, "SI"), regOut) }
	case "q16":
		w.quants = func(x *x86, k int) { x.load(x.words(64+64*k, "SI"), regOut) }
	case "iq4_nl":
		w.consts = nibbleConsts("·iq4Signed")
	case "mxfp4":
		w.consts = nibbleConsts("·fp4Bias16")
	case "iq4_xs":
		consts := w.consts
		w.consts = func(x *x86) { consts(x); x.table("·iq4Signed", regTable) }
	case "q6_k":
		w.quants = q6Quants
	}
	return w
}

// ymmTier returns a file of all kernels of a tier with 32-byte vectors. Its
// table holds a matrix kernel of every weight kind for each group size, then
// two kernels of each quantised kind.
func ymmTier(name string, madd bool) string {
	return header(func(a *file) {
		a.f("#include \"funcdata.h\"")
		x := &x86{file: a, bytes: 32, vex: !madd, madd: madd, halfLoop: true}
		if !madd {
			a.dotMacro()
		}
		known := map[string]bool{}
		var table []string
		for _, t := range typeOrder {
			w := x.weight(t)
			for _, c := range groups {
				g := &ymmGemm{x86: x, v: w.v(), c: c}
				if madd {
					g.bytesOf = maddBytes[t]
				}
				kernel := fmt.Sprintf("%s_%s_%d", name, g.name(), c)
				if !known[kernel] {
					g.kernel(kernel)
				}
				known[kernel] = true
				table = append(table, kernel)
			}
		}
		x.halfLoop = false
		for _, t := range floatTypes {
			for _, c := range groups {
				table = append(table, x.floatGemm(name, t, c, 1))
			}
		}
		x.halfLoop = true
		for _, t := range typeOrder {
			table = append(table, x.ymmUnpack(name, x.weight(t)))
			table = append(table, x.ymmGemv(name, x.weight(t)))
		}
		a.callWithRoom(name, table)
		a.constants()
		a.ymmConstants()
	})
}

func (x *x86) weight(name string) weight {
	if x.madd {
		return weightNamed(name).forMadd()
	}
	return weightNamed(name)
}

// callWithRoom emits func call_NAME, which calls a kernel of the table with
// the arguments in DX and aligned memory at R15.
func (a *file) callWithRoom(name string, table []string) {
	a.f("\n// func call_%s(kernel int, a *args)", name)
	a.f("TEXT ·call_%s(SB), 0, $%d-16", name, spillFrame)
	a.i("NO_LOCAL_POINTERS")
	a.i("MOVQ", "kernel+0(FP)", "AX")
	a.i("MOVQ", "a+8(FP)", "DX")
	a.i("LEAQ", "·"+name+"_table<>(SB)", "CX")
	a.i("MOVQ", "(CX)(AX*8)", "AX")
	a.i("LEAQ", "31(SP)", "R15")
	a.i("ANDQ", "$~31", "R15")
	a.i("CALL", "AX")
	a.i("RET")
	a.f("")
	for i, k := range table {
		a.f("DATA ·%s_table<>+%d(SB)/8, $·%s<>(SB)", name, 8*i, k)
	}
	a.f("GLOBL ·%s_table<>(SB), RODATA, $%d", name, 8*len(table))
}

func (a *file) ymmConstants() {
	iq4 := []int{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
	fp4 := []int{16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4}
	a.bytes("iq4Signed", iq4)
	a.bytes("fp4Bias16", fp4)
	a.f("")
	for i := range 4 {
		a.f("DATA ·ones<>+%d(SB)/8, $0x0001000100010001", 8*i)
	}
	a.f("GLOBL ·ones<>(SB), RODATA|NOPTR, $32")
}

const ones = "·ones<>(SB)"

// dotMacro defines the dot products of AVX-VNNI, which the assembler only
// knows in the encoding of AVX-512. Processors that have that one run the
// same text with -asmflags=-D=EVEX (see evex_amd64.go).
func (a *file) dotMacro() {
	a.f("#ifdef EVEX")
	a.f("#define DOT(name, y, w, acc, b1, b2, b3, b4) name y, w, acc")
	a.f("#else")
	a.f("#define DOT(name, y, w, acc, b1, b2, b3, b4) BYTE $0xc4; BYTE $b1; BYTE $b2; BYTE $b3; BYTE $b4")
	a.f("#endif")
}

// vexDot emits acc += y·w in the VEX encoding.
func (x *x86) vexDot(opcode int, name string, y, w, acc int) {
	b := vexBytes(opcode, y, w, acc)
	x.f("\tDOT(%s, Y%d, Y%d, Y%d, 0x%02x, 0x%02x, 0x%02x, 0x%02x)", name, y, w, acc, b[1], b[2], b[3], b[4])
}

// vexBytes encodes {vex} op acc, w, y on 32-byte vectors.
func vexBytes(opcode, y, w, acc int) [5]byte {
	return [5]byte{
		0xc4,
		byte(0x42 | (1-acc>>3)<<7 | (1-y>>3)<<5),
		byte((15-w)<<3 | 5),
		byte(opcode),
		byte(0xc0 | (acc&7)<<3 | y&7),
	}
}

// spill is the operand of a vector in the memory at R15.
func spill(section, i int) string { return mem(section+32*i, "R15") }

// fmaMem sets acc to acc·b + memory.
func (x *x86) fmaMem(m string, b, acc int) { x.i("VFMADD213PS", m, x.r(b), x.r(acc)) }

// maddOnes adds pairs of 16-bit sums.
func (x *x86) maddOnes(r int) { x.i("VPMADDWD", ones, x.r(r), x.r(r)) }

// unbias makes -bias·Σy of -128·Σy.
func (x *x86) unbias(bias, r int) {
	x.i("VPSRAD", imm(bits.TrailingZeros(uint(128/bias))), x.r(r), x.r(r))
}
