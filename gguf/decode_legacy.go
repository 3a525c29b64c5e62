package gguf

import (
	"encoding/binary"
	"math"
)

// Blocks with one scale d and perhaps one minimum m, both float16. Of n
// nibbles in n bytes the low ones are the first n values, the high ones the
// others.
//
//	Q4_0   d  | 16 bytes of nibbles q              d·(q − 8)
//	Q4_1   d m | 16 bytes of nibbles q             d·q + m
//	Q5_0   d  | 32 bits h | 16 bytes of nibbles    d·(q + 16h − 16)
//	Q5_1   d m | 32 bits h | 16 bytes of nibbles   d·(q + 16h) + m
//	Q8_0   d  | 32 int8 q                          d·q
//	Q1_0   d  | 128 bits q                         d·(2q − 1)
//	Q2_0   d  | 64 pairs of bits q                 d·(q − 1)
//	MXFP4  e  | 16 bytes of nibbles q              2^(e−127) · E2M1(q)

func decodeQ4_0(y []float32, b []byte) {
	d, q := half(b), b[2:18]
	for i, v := range q {
		y[i] = d * float32(int(v&15)-8)
		y[i+16] = d * float32(int(v>>4)-8)
	}
}

func decodeQ4_1(y []float32, b []byte) {
	d, m, q := half(b), half(b[2:]), b[4:20]
	for i, v := range q {
		y[i] = float32(d*float32(v&15)) + m
		y[i+16] = float32(d*float32(v>>4)) + m
	}
}

func decodeQ5_0(y []float32, b []byte) {
	d, h, q := half(b), binary.LittleEndian.Uint32(b[2:]), b[6:22]
	for i, v := range q {
		y[i] = d * float32(int(v&15)+int(h>>i&1)<<4-16)
		y[i+16] = d * float32(int(v>>4)+int(h>>(i+16)&1)<<4-16)
	}
}

func decodeQ5_1(y []float32, b []byte) {
	d, m, h, q := half(b), half(b[2:]), binary.LittleEndian.Uint32(b[4:]), b[8:24]
	for i, v := range q {
		y[i] = float32(d*float32(uint32(v&15)+h>>i&1<<4)) + m
		y[i+16] = float32(d*float32(uint32(v>>4)+h>>(i+16)&1<<4)) + m
	}
}

func decodeQ8_0(y []float32, b []byte) {
	d, q := half(b), b[2:34]
	for i, v := range q {
		y[i] = d * float32(int8(v))
	}
}

func decodeQ1_0(y []float32, b []byte) {
	d, q := half(b), b[2:18]
	for i := range y {
		y[i] = d * float32(2*int(q[i/8]>>(i%8)&1)-1)
	}
}

func decodeQ2_0(y []float32, b []byte) {
	d, q := half(b), b[2:18]
	for i := range y {
		y[i] = d * float32(int(q[i/4]>>(i%4*2)&3)-1)
	}
}

// e2m1 holds the values of a 4-bit float, doubled.
var e2m1 = [16]float32{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}

// decodeMXFP4 follows the OCP Microscaling Formats specification, save that
// an exponent of 255 is a number, as in every other reader of GGUF.
func decodeMXFP4(y []float32, b []byte) {
	d, q := float32(math.Ldexp(0.5, int(b[0])-127)), b[1:17]
	for i, v := range q {
		y[i] = d * e2m1[v&15]
		y[i+16] = d * e2m1[v>>4]
	}
}
