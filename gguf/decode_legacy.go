package gguf

import (
	"encoding/binary"
	"math"
)

// Blocks of 32 values. Nibbles hold value i low and value i+16 high.
//
//	Q4_0  d:f16  q:16            d*(q-8)
//	Q4_1  d:f16  m:f16  q:16     d*q + m
//	Q5_0  d:f16  h:4  q:16       d*(q+16h-16), h one bit a value
//	Q5_1  d:f16  m:f16  h:4 q:16 d*(q+16h) + m
//	Q8_0  d:f16  q:32 int8       d*q

func decodeQ4_0(y []float32, b []byte) {
	d, q := half(b), b[2:]
	for i := range 16 {
		y[i] = d * float32(int(q[i]&15)-8)
		y[i+16] = d * float32(int(q[i]>>4)-8)
	}
}

func decodeQ4_1(y []float32, b []byte) {
	d, m, q := half(b), half(b[2:]), b[4:]
	for i := range 16 {
		y[i] = d*float32(q[i]&15) + m
		y[i+16] = d*float32(q[i]>>4) + m
	}
}

func decodeQ5_0(y []float32, b []byte) {
	d, h, q := half(b), binary.LittleEndian.Uint32(b[2:]), b[6:]
	for i := range 16 {
		y[i] = d * float32(int(q[i]&15)|int(h>>i&1)<<4-16)
		y[i+16] = d * float32(int(q[i]>>4)|int(h>>(i+16)&1)<<4-16)
	}
}

func decodeQ5_1(y []float32, b []byte) {
	d, m, h, q := half(b), half(b[2:]), binary.LittleEndian.Uint32(b[4:]), b[8:]
	for i := range 16 {
		y[i] = d*float32(uint32(q[i]&15)|h>>i&1<<4) + m
		y[i+16] = d*float32(uint32(q[i]>>4)|h>>(i+16)&1<<4) + m
	}
}

func decodeQ8_0(y []float32, b []byte) {
	d := half(b)
	for i := range 32 {
		y[i] = d * float32(int8(b[2+i]))
	}
}

// fp4 are the values of a 4-bit float (E2M1), doubled to be integers.
var fp4 = [16]float32{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}

// decodeMXFP4 follows the OCP Microscaling specification: an exponent
// e:1 (power of two, bias 127) and 32 nibbles of E2M1.
func decodeMXFP4(y []float32, b []byte) {
	d := float32(math.Ldexp(0.5, int(b[0])-127))
	for i, q := range b[1:17] {
		y[i] = d * fp4[q&15]
		y[i+16] = d * fp4[q>>4]
	}
}
