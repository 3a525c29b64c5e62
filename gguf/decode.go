package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// decoders turn one block, b, into its values, y. They are what every kernel
// is tested against, so they follow the layout of the block and nothing else,
// and round every product before it is added to: no machine may fuse the two.
// NVFP4 is not among them: half of its scale is in another tensor.
var decoders = [len(layouts)]func(y []float32, b []byte){
	F32:     decodeF32,
	F16:     decodeF16,
	BF16:    decodeBF16,
	Q4_0:    decodeQ4_0,
	Q4_1:    decodeQ4_1,
	Q5_0:    decodeQ5_0,
	Q5_1:    decodeQ5_1,
	Q8_0:    decodeQ8_0,
	Q1_0:    decodeQ1_0,
	Q2_0:    decodeQ2_0,
	MXFP4:   decodeMXFP4,
	Q2_K:    decodeQ2_K,
	Q3_K:    decodeQ3_K,
	Q4_K:    decodeQ4_K,
	Q5_K:    decodeQ5_K,
	Q6_K:    decodeQ6_K,
	IQ4_NL:  decodeIQ4_NL,
	IQ4_XS:  decodeIQ4_XS,
	IQ3_XXS: decodeIQ3_XXS,
	IQ3_S:   decodeIQ3_S,
	IQ2_XXS: decodeIQ2_XXS,
	IQ2_XS:  decodeIQ2_XS,
	IQ2_S:   decodeIQ2_S,
	IQ1_S:   decodeIQ1_S,
	IQ1_M:   decodeIQ1_M,
	TQ1_0:   decodeTQ1_0,
	TQ2_0:   decodeTQ2_0,
}

// Decodable reports whether Decode knows the type.
func Decodable(t Type) bool { return t.Valid() && decoders[t] != nil }

// Decode turns whole blocks of type t into len(dst) values. src may be longer
// than they need. It allocates nothing.
func Decode(t Type, dst []float32, src []byte) error {
	if !Decodable(t) {
		return fmt.Errorf("gguf: %s cannot be decoded", t)
	}
	size, ok := t.Bytes(int64(len(dst)))
	if !ok || size > int64(len(src)) {
		return fmt.Errorf("gguf: %d bytes are not %d values of %s", len(src), len(dst), t)
	}
	values, bytes := t.Block()
	decode := decoders[t]
	for ; len(dst) > 0; dst, src = dst[values:], src[bytes:] {
		decode(dst[:values], src[:bytes])
	}
	return nil
}

func decodeF32(y []float32, b []byte) {
	y[0] = math.Float32frombits(binary.LittleEndian.Uint32(b))
}

func decodeF16(y []float32, b []byte) { y[0] = half(b) }

// BF16 is the upper half of a float32.
func decodeBF16(y []float32, b []byte) {
	y[0] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
}

// half reads a float16, the scale of most blocks.
func half(b []byte) float32 { return halfFromBits(binary.LittleEndian.Uint16(b)) }

func halfFromBits(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0: // zero or subnormal: frac · 2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*0x1p-24))
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}
