package gguf

import "encoding/binary"

// Super-blocks of 256 values, in sub-blocks with scales of their own.
//
//	Q2_K  scales:16 (scale low, min high nibble)  q:64 (2 bits)  d:f16  dmin:f16
//	Q3_K  h:32 (1 bit)  q:64 (2 bits)  scales:12 (16 of 6 bits)  d:f16
//	Q4_K  d:f16  dmin:f16  scales:12 (8 scales and mins of 6 bits)  q:128
//	Q5_K  d:f16  dmin:f16  scales:12  h:32 (1 bit)  q:128 (4 bits)
//	Q6_K  low:128 (4 bits)  high:64 (2 bits)  scales:16 int8  d:f16

func decodeQ2_K(y []float32, b []byte) {
	scales, q := b[:16], b[16:80]
	d, dmin := half(b[80:]), half(b[82:])
	for i := range y {
		// 128 values share 32 bytes: two bits of each for every 32 of them.
		shift := i % 128 / 32 * 2
		v := q[i/128*32+i%32] >> shift & 3
		s := scales[i/16]
		y[i] = d*float32(s&15)*float32(v) - dmin*float32(s>>4)
	}
}

func decodeQ3_K(y []float32, b []byte) {
	h, q, packed := b[:32], b[32:96], b[96:108]
	d := half(b[108:])
	var scales [16]int8
	for i := range scales {
		// Low 4 bits in the first 8 bytes, high 2 bits in the last 4.
		low := packed[i%8] >> (i / 8 * 4) & 15
		high := packed[8+i%4] >> (i / 4 * 2) & 3
		scales[i] = int8(low|high<<4) - 32
	}
	for i := range y {
		shift := i % 128 / 32 * 2
		v := int(q[i/128*32+i%32] >> shift & 3)
		if h[i%32]>>(i/32)&1 == 0 {
			v -= 4
		}
		y[i] = d * float32(scales[i/16]) * float32(v)
	}
}

// scaleK reads the 6-bit scale and min of sub-block j of Q4_K and Q5_K: the
// first four lie in the low bits, the others are split.
func scaleK(j int, s []byte) (scale, least float32) {
	if j < 4 {
		return float32(s[j] & 63), float32(s[j+4] & 63)
	}
	return float32(s[j+4]&15 | s[j-4]>>6<<4), float32(s[j+4]>>4 | s[j]>>6<<4)
}

func decodeQ4_K(y []float32, b []byte) {
	d, dmin, scales, q := half(b), half(b[2:]), b[4:16], b[16:]
	for i := range y {
		scale, least := scaleK(i/32, scales)
		v := q[i/64*32+i%32] >> (i / 32 % 2 * 4) & 15
		y[i] = d*scale*float32(v) - dmin*least
	}
}

func decodeQ5_K(y []float32, b []byte) {
	d, dmin, scales, h, q := half(b), half(b[2:]), b[4:16], b[16:48], b[48:]
	for i := range y {
		scale, least := scaleK(i/32, scales)
		v := q[i/64*32+i%32]>>(i/32%2*4)&15 | h[i%32]>>(i/32)&1<<4
		y[i] = d*scale*float32(v) - dmin*least
	}
}

func decodeQ6_K(y []float32, b []byte) {
	low, high, scales := b[:128], b[128:192], b[192:208]
	d := half(b[208:])
	for i := range y {
		// Each 128 values: 64 bytes of nibbles, 32 bytes of four 2-bit fields.
		at, group := i%128, i/128
		v := low[group*64+at%64]>>(at/64*4)&15 | high[group*32+at%32]>>(at/32*2)&3<<4
		y[i] = d * float32(int8(scales[i/16])) * float32(int(v)-32)
	}
}

// iq4 are the 16 levels of IQ4_NL and IQ4_XS, denser around zero.
var iq4 = [16]float32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// decodeIQ4_NL: d:f16  q:16 nibbles of levels.
func decodeIQ4_NL(y []float32, b []byte) {
	d, q := half(b), b[2:]
	for i := range 16 {
		y[i] = d * iq4[q[i]&15]
		y[i+16] = d * iq4[q[i]>>4]
	}
}

// decodeIQ4_XS: d:f16  high:2 bytes (8 of 2 bits)  low:4 (8 of 4 bits)  q:128.
func decodeIQ4_XS(y []float32, b []byte) {
	d, high, low, q := half(b), binary.LittleEndian.Uint16(b[2:]), b[4:8], b[8:]
	for j := range 8 {
		scale := int(low[j/2]>>(j%2*4)&15) | int(high>>(2*j)&3)<<4
		dl := d * float32(scale-32)
		for i := range 16 {
			y[32*j+i] = dl * iq4[q[16*j+i]&15]
			y[32*j+i+16] = dl * iq4[q[16*j+i]>>4]
		}
	}
}
