package matmul

import (
	"encoding/binary"
	"math"
)

// panel is 16 rows by 256 columns of weights in plain form: what the packed
// bits mean, whatever the type. The reference kernel multiplies panels; the
// assembly does the same unpacking in registers.
type panel struct {
	q     [256][Rows]int8
	scale [16][Rows]float32 // of each group
	min   [16][Rows]int32   // of each group (intMins)
	fmin  [16][Rows]float32 // of each group (floatMins)
	dmin  [Rows]float32
}

// f16 reads the half-precision number of a row from an interleaved vector.
func f16(w []byte, row int) float32 { return halfToFloat(binary.LittleEndian.Uint16(w[2*row:])) }

// lane is the i-th 32-bit word of a row, after skip bytes of narrower parts.
func lane(w []byte, skip, i, row int) uint32 {
	return binary.LittleEndian.Uint32(w[skip+4*(Rows*i+row):])
}

// halfToFloat converts an IEEE half; every half is a float32.
func halfToFloat(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&0x3ff)
	switch exp {
	case 0:
		f := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// The codebooks of IQ4 and MXFP4 nibbles; MXFP4's is doubled so that it holds
// integers.
var (
	iq4Codes = [16]int8{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
	fp4Codes = [16]int8{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}
)

// nibbles writes a word of 8 nibbles through a codebook: low ones to columns
// k…k+3, high ones to columns k+16…k+19, the order of the 32-blocks.
func (p *panel) nibbles(k, r int, v uint32, codes *[16]int8) {
	for b := range 4 {
		p.q[k+b][r] = codes[v>>(8*b)&15]
		p.q[k+16+b][r] = codes[v>>(8*b+4)&15]
	}
}

// offset is the codebook q - o.
func offset(o int8) (c [16]int8) {
	for i := range c {
		c[i] = int8(i) - o
	}
	return c
}

var (
	q4Codes  = offset(0)
	q40Codes = offset(8)
)

func unpackNibbles(p *panel, k int, w []byte, codes *[16]int8) {
	for r := range Rows {
		p.scale[k/32][r] = f16(w, r)
		for i := range 4 {
			p.nibbles(k+4*i, r, lane(w, 32, i, r), codes)
		}
	}
}

func unpackQ4_0(p *panel, k int, w []byte)   { unpackNibbles(p, k, w, &q40Codes) }
func unpackIQ4_NL(p *panel, k int, w []byte) { unpackNibbles(p, k, w, &iq4Codes) }

// MXFP4: one byte of exponent, value 2^(e-127), halved for the doubled codes.
func unpackMXFP4(p *panel, k int, w []byte) {
	for r := range Rows {
		p.scale[k/32][r] = float32(math.Ldexp(1, int(w[r])-128))
		for i := range 4 {
			p.nibbles(k+4*i, r, lane(w, 16, i, r), &fp4Codes)
		}
	}
}

func unpackQ4_1(p *panel, k int, w []byte) {
	for r := range Rows {
		p.halves(k, r, lane(w, 0, 0, r))
		for i := range 4 {
			p.nibbles(k+4*i, r, lane(w, 0, 1+i, r), &q4Codes)
		}
	}
}

// halves sets scale and float min of a 32-block from a word of two halves.
func (p *panel) halves(k, r int, v uint32) {
	p.scale[k/32][r] = halfToFloat(uint16(v))
	p.fmin[k/32][r] = halfToFloat(uint16(v >> 16))
}

func unpackQ5_0(p *panel, k int, w []byte) {
	for r := range Rows {
		p.scale[k/32][r] = f16(w, r)
		for i := range 4 {
			p.nibbles(k+4*i, r, lane(w, 32, 1+i, r), &q4Codes)
		}
		p.fifths(k, r, lane(w, 32, 0, r), -16)
	}
}

func unpackQ5_1(p *panel, k int, w []byte) {
	for r := range Rows {
		p.halves(k, r, lane(w, 0, 0, r))
		for i := range 4 {
			p.nibbles(k+4*i, r, lane(w, 0, 2+i, r), &q4Codes)
		}
		p.fifths(k, r, lane(w, 0, 1, r), 0)
	}
}

// fifths adds the fifth bits of a 32-block, as Pack has transposed them: bit g
// of byte b belongs to column 4g+b.
func (p *panel) fifths(k, r int, v uint32, offset int8) {
	for g := range 8 {
		for b := range 4 {
			p.q[k+4*g+b][r] += int8(v>>(8*b+g)&1)<<4 + offset
		}
	}
}

func unpackQ8_0(p *panel, k int, w []byte) {
	for r := range Rows {
		p.scale[k/32][r] = f16(w, r)
		for i := range 8 {
			p.bytes(k+4*i, r, lane(w, 32, i, r))
		}
	}
}

// bytes writes a word of 4 signed bytes to columns k…k+3.
func (p *panel) bytes(k, r int, v uint32) {
	for b := range 4 {
		p.q[k+b][r] = int8(v >> (8 * b))
	}
}

// A Q16 unit is a float32 scale and 16 signed bytes a row.
func unpackQ16(p *panel, k int, w []byte) {
	for r := range Rows {
		p.scale[k/16][r] = math.Float32frombits(lane(w, 0, 0, r))
		for i := range 4 {
			p.bytes(k+4*i, r, lane(w, 0, 1+i, r))
		}
	}
}
