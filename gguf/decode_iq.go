package gguf

import "encoding/binary"

// IQ blocks: values are not on an even scale but picked from a table, one by
// one (IQ4) or four or eight at a time from a grid of the useful combinations
// (see decode_grids.go). All but IQ4_NL hold 256 values in 8 groups of 32.
// Signs are bits of their own, a set one meaning minus; where only 7 of 8
// are kept, the eighth makes their number even.
//
//	IQ4_NL   d | 16 bytes of nibbles
//	IQ4_XS   d | 8 × 2 high bits of scales | 8 × 4 low bits | 128 bytes of nibbles
//	IQ3_XXS  d | 64 grid indices:8 | 8 × (4 × signs:7, scale:4)
//	IQ3_S    d | 64 grid indices:8 | 64 × ninth bit | 32 × signs:8 | 8 × scale:4
//	IQ2_XXS  d | 8 × (4 grid indices:8, 4 × signs:7, scale:4)
//	IQ2_XS   d | 32 × (grid index:9, signs:7) | 16 × scale:4
//	IQ2_S    d | 32 grid indices:8 | 32 × signs:8 | 32 × 2 more bits | 16 × scale:4
//	IQ1_S    d | 32 grid indices:8 | 8 × (4 × 3 more bits, scale:3, shift:1)
//	IQ1_M    32 grid indices:8 | 32 × (3 more bits, shift:1) | 4 × (4 × scale:3, 4 bits of d)

// iq4Levels are denser around zero, where weights are.
var iq4Levels = [16]float32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

func decodeIQ4_NL(y []float32, b []byte) {
	iq4Nibbles(y, b[2:], half(b))
}

func iq4Nibbles(y []float32, q []byte, d float32) {
	y, q = y[:32], q[:16]
	for i, v := range q {
		y[i] = d * iq4Levels[v&15]
		y[i+16] = d * iq4Levels[v>>4]
	}
}

func decodeIQ4_XS(y []float32, b []byte) {
	d, high, low, q := half(b), binary.LittleEndian.Uint16(b[2:]), b[4:8], b[8:136]
	for g := range 8 {
		scale := int(low[g/2]>>(g%2*4)&15) | int(high>>(2*g)&3)<<4
		iq4Nibbles(y[32*g:], q[16*g:], d*float32(scale-32))
	}
}

// grid3 looks 4 values up in a grid of 3-bit levels.
func grid3(y []float32, entry uint16, levels *[8]float32, d float32, signs byte) {
	for i := range y[:4] {
		y[i] = signed1(d*levels[entry>>(3*i)&7], signs>>i)
	}
}

// grid2 looks 8 values up in a grid of 2-bit levels.
func grid2(y []float32, entry uint16, d float32, signs byte) {
	for i := range y[:8] {
		y[i] = signed1(d*iq2Levels[entry>>(2*i)&3], signs>>i)
	}
}

// signed1 negates v if the lowest bit of sign is set.
func signed1(v float32, sign byte) float32 {
	if sign&1 != 0 {
		return -v
	}
	return v
}

// evenSigns completes 7 signs by the one that makes the number of minuses
// even.
func evenSigns(s byte) byte {
	s &= 127
	p := s ^ s>>4
	p ^= p >> 2
	p ^= p >> 1
	return s | p<<7
}

func decodeIQ3_XXS(y []float32, b []byte) {
	d, q, tails := half(b), b[2:66], b[66:98]
	for g := range 8 {
		tail := binary.LittleEndian.Uint32(tails[4*g:])
		scale := d * (0.5 + float32(tail>>28)) * 0.5
		for k := range 4 {
			signs := evenSigns(byte(tail >> (7 * k)))
			y, q := y[32*g+8*k:], q[8*g+2*k:]
			grid3(y, iq3xxsGrid[q[0]], &iq3xxsLevels, scale, signs)
			grid3(y[4:], iq3xxsGrid[q[1]], &iq3xxsLevels, scale, signs>>4)
		}
	}
}

func decodeIQ3_S(y []float32, b []byte) {
	d, q, high, signs, scales := half(b), b[2:66], b[66:74], b[74:106], b[106:110]
	for g := range 8 {
		scale := d * float32(1+2*(scales[g/2]>>(g%2*4)&15))
		for k := range 8 {
			index := int(q[8*g+k]) | int(high[g]>>k&1)<<8
			grid3(y[32*g+4*k:], iq3sGrid[index], &iq3sLevels, scale, signs[4*g+k/2]>>(k%2*4))
		}
	}
}

// iq2Scale is the scale of half a group, from a nibble.
func iq2Scale(d float32, nibble byte) float32 { return d * (0.5 + float32(nibble&15)) * 0.25 }

func decodeIQ2_XXS(y []float32, b []byte) {
	d, q := half(b), b[2:66]
	for g := range 8 {
		tail := binary.LittleEndian.Uint32(q[8*g+4:])
		scale := iq2Scale(d, byte(tail>>28))
		for k := range 4 {
			grid2(y[32*g+8*k:], iq2xxsGrid[q[8*g+k]], scale, evenSigns(byte(tail>>(7*k))))
		}
	}
}

func decodeIQ2_XS(y []float32, b []byte) {
	d, q, scales := half(b), b[2:66], b[66:74]
	for k := range 32 { // of 8 values each
		v := binary.LittleEndian.Uint16(q[2*k:])
		scale := iq2Scale(d, scales[k/4]>>(k%4/2*4))
		grid2(y[8*k:], iq2xsGrid[v&511], scale, evenSigns(byte(v>>9)))
	}
}

func decodeIQ2_S(y []float32, b []byte) {
	d, q, signs, high, scales := half(b), b[2:34], b[34:66], b[66:74], b[74:82]
	for k := range 32 { // of 8 values each
		index := int(q[k]) | int(high[k/4]>>(k%4*2)&3)<<8
		scale := iq2Scale(d, scales[k/4]>>(k%4/2*4))
		grid2(y[8*k:], iq2sGrid[index], scale, signs[k])
	}
}

// grid1 looks 8 values of -1, 0 and 1 up and shifts them by an eighth up or,
// if negative is set, down.
func grid1(y []float32, index int, d float32, negative bool) {
	entry, shift := iq1Grid[index], float32(0.125)
	if negative {
		shift = -shift
	}
	for i := range y[:8] {
		y[i] = d * (iq1Levels[entry>>(2*i)&3] + shift)
	}
}

func decodeIQ1_S(y []float32, b []byte) {
	d, q, tails := half(b), b[2:34], b[34:50]
	for g := range 8 {
		tail := binary.LittleEndian.Uint16(tails[2*g:])
		scale := d * float32(2*(tail>>12&7)+1)
		for k := range 4 {
			index := int(q[4*g+k]) | int(tail>>(3*k)&7)<<8
			grid1(y[32*g+8*k:], index, scale, tail>>15 != 0)
		}
	}
}

// IQ1_M spreads the float16 d over the top bits of its four words of scales.
func decodeIQ1_M(y []float32, b []byte) {
	q, high, scales := b[:32], b[32:48], b[48:56]
	var s [4]uint16
	var bits uint16
	for i := range s {
		s[i] = binary.LittleEndian.Uint16(scales[2*i:])
		bits |= s[i] >> 12 << (4 * i)
	}
	d := halfFromBits(bits)
	for k := range 32 { // of 8 values each, two to a scale
		h := high[k/2] >> (k % 2 * 4)
		scale := d * float32(2*(s[k/8]>>(k%8/2*3)&7)+1)
		grid1(y[8*k:], int(q[k])|int(h&7)<<8, scale, h&8 != 0)
	}
}
