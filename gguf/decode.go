package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// decoders turn one block into values; they are the reference that every
// kernel is tested against, so they follow the format's description rather
// than the clock. b has the type's bytes, y its values.
var decoders = map[Type]func(y []float32, b []byte){
	F32:    func(y []float32, b []byte) { y[0] = math.Float32frombits(binary.LittleEndian.Uint32(b)) },
	F16:    func(y []float32, b []byte) { y[0] = half(b) },
	BF16:   func(y []float32, b []byte) { y[0] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) },
	Q4_0:   decodeQ4_0,
	Q4_1:   decodeQ4_1,
	Q5_0:   decodeQ5_0,
	Q5_1:   decodeQ5_1,
	Q8_0:   decodeQ8_0,
	Q2_K:   decodeQ2_K,
	Q3_K:   decodeQ3_K,
	Q4_K:   decodeQ4_K,
	Q5_K:   decodeQ5_K,
	Q6_K:   decodeQ6_K,
	IQ4_NL: decodeIQ4_NL,
	IQ4_XS: decodeIQ4_XS,
	MXFP4:  decodeMXFP4,
}

// Decodable reports whether Decode knows the type.
func Decodable(t Type) bool { return decoders[t] != nil }

// Decode turns len(dst) values of whole blocks into float32.
func Decode(t Type, dst []float32, src []byte) error {
	decode := decoders[t]
	if decode == nil {
		return fmt.Errorf("gguf: type %s cannot be decoded", t)
	}
	values, size := t.Block()
	if len(dst)%values != 0 || len(src) < len(dst)/values*size {
		return fmt.Errorf("gguf: %d bytes do not hold %d values of %s", len(src), len(dst), t)
	}
	for i := 0; i < len(dst); i += values {
		decode(dst[i:i+values], src[:size])
		src = src[size:]
	}
	return nil
}

// half reads an IEEE 754 binary16.
func half(b []byte) float32 {
	h := uint32(binary.LittleEndian.Uint16(b))
	sign, exp, frac := h>>15<<31, h>>10&31, h&0x3ff
	switch exp {
	case 0: // zero and subnormals: frac * 2^-24
		v := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}
