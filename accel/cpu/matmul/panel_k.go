package matmul

// The 256-column types. Words of a unit, in the order of the file:
//
//	Q2_K    4 scales  16 quants                 1 (d, dmin)
//	Q3_K    8 high bits  16 quants  3 scales    d after the words
//	Q4_K    1 (d, dmin)  3 scales  32 quants
//	Q5_K    1 (d, dmin)  3 scales  8 high bits  32 quants
//	Q6_K    32 low bits  16 high bits  4 scales d after the words
//	IQ4_XS  1 (d, high scales)  1 low scales    32 quants

// Q2_K: a byte of scales is a scale and a min of 4 bits for 16 columns. A
// scaled quant is at most 45: it stays an integer until the last.
func unpackQ2_K(p *panel, k int, w []byte) {
	for r := range Rows {
		dd := lane(w, 0, 20, r)
		p.scale[0][r] = halfToFloat(uint16(dd))
		p.dmin[r] = halfToFloat(uint16(dd >> 16))
		p.twoBits(r, w, 4)
		for g := range 16 {
			s := lane(w, 0, g/4, r) >> (8 * (g % 4))
			p.min[g][r] = int32(s >> 4 & 15)
			for k := 16 * g; k < 16*g+16; k++ {
				p.q[k][r] *= int8(s & 15)
			}
		}
	}
}

// twoBits writes the 2-bit quants of Q2_K and Q3_K: each half of the columns
// has 8 words, whose bytes hold columns l, l+32, l+64, l+96 from bit 0 up.
func (p *panel) twoBits(r int, w []byte, first int) {
	for i := range 16 {
		v := lane(w, 0, first+i, r)
		for b := range 4 {
			for f := range 4 {
				p.q[i/8*128+32*f+i%8*4+b][r] = int8(v >> (8*b + 2*f) & 3)
			}
		}
	}
}

// Q3_K: q - 4, or q if its high bit is set; 16 signed 6-bit scales. Scaled
// quants are -124…128; negated, with the scale, they fit a byte.
func unpackQ3_K(p *panel, k int, w []byte) {
	for r := range Rows {
		p.scale[0][r] = -f16(w[27*64:], r)
		p.twoBits(r, w, 8)
		for i := range 8 {
			v := lane(w, 0, i, r)
			for b := range 4 {
				for s := range 8 {
					p.q[32*s+4*i+b][r] += int8(v>>(8*b+s)&1)<<2 - 4
				}
			}
		}
		low := [4]uint32{lane(w, 0, 24, r), lane(w, 0, 25, r)}
		low[2], low[3] = low[0]>>4, low[1]>>4
		high := lane(w, 0, 26, r)
		for g := range 16 {
			b := 8 * (g % 4)
			s := low[g/4]>>b&15 | high>>(b+2*(g/4))&3<<4
			for k := 16 * g; k < 16*g+16; k++ {
				p.q[k][r] *= 32 - int8(s)
			}
		}
	}
}

// sixBits returns the 8 scales and 8 mins of a Q4_K or Q5_K block, which are
// 6 bits each in 3 words.
func sixBits(a, b, c uint32) (scale, min [2]uint32) {
	scale[0], min[0] = a&0x3f3f3f3f, b&0x3f3f3f3f
	scale[1] = c&0x0f0f0f0f | a>>2&0x30303030
	min[1] = c>>4&0x0f0f0f0f | b>>2&0x30303030
	return scale, min
}

// scalesK sets scales and mins of a Q4_K or Q5_K row.
func (p *panel) scalesK(r int, w []byte) {
	dd := lane(w, 0, 0, r)
	d := halfToFloat(uint16(dd))
	p.dmin[r] = halfToFloat(uint16(dd >> 16))
	scale, min := sixBits(lane(w, 0, 1, r), lane(w, 0, 2, r), lane(w, 0, 3, r))
	for g := range 8 {
		p.scale[g][r] = d * float32(scale[g/4]>>(8*(g%4))&255)
		p.min[g][r] = int32(min[g/4] >> (8 * (g % 4)) & 255)
	}
}

// nibblesK writes the nibbles of Q4_K and Q5_K: 8 words cover 64 columns, low
// nibbles the first 32.
func (p *panel) nibblesK(r int, w []byte, first int) {
	for i := range 32 {
		v := lane(w, 0, first+i, r)
		for b := range 4 {
			k := i/8*64 + i%8*4 + b
			p.q[k][r] = int8(v >> (8 * b) & 15)
			p.q[k+32][r] = int8(v >> (8*b + 4) & 15)
		}
	}
}

func unpackQ4_K(p *panel, k int, w []byte) {
	for r := range Rows {
		p.scalesK(r, w)
		p.nibblesK(r, w, 4)
	}
}

func unpackQ5_K(p *panel, k int, w []byte) {
	for r := range Rows {
		p.scalesK(r, w)
		p.nibblesK(r, w, 12)
		for i := range 8 {
			v := lane(w, 0, 4+i, r)
			for b := range 4 {
				for s := range 8 {
					p.q[32*s+4*i+b][r] += int8(v>>(8*b+s)&1) << 4
				}
			}
		}
	}
}

// Q6_K: each half of the columns has 16 words of low bits (columns 0…31 and
// 64…95 in the nibbles of the first 8, the others in the last 8) and 8 words
// of high bits, 2 for each of its four runs of 32.
func unpackQ6_K(p *panel, k int, w []byte) {
	for r := range Rows {
		for i := range 64 {
			half, run, word := i/32, i/8%4, i%8
			low := lane(w, 0, 16*half+8*(run%2)+word, r) >> (4 * (run / 2))
			high := lane(w, 0, 32+8*half+word, r) >> (2 * run)
			for b := range 4 {
				q := low>>(8*b)&15 | high>>(8*b)&3<<4
				p.q[4*i+b][r] = int8(q) - 32
			}
		}
		d := f16(w[52*64:], r)
		for g := range 16 {
			s := int8(lane(w, 0, 48+g/4, r) >> (8 * (g % 4)))
			p.scale[g][r] = d * float32(s)
		}
	}
}

// IQ4_XS: codebook nibbles with a signed 6-bit scale for each 32 columns.
func unpackIQ4_XS(p *panel, k int, w []byte) {
	for r := range Rows {
		dh := lane(w, 0, 0, r)
		d, high := halfToFloat(uint16(dh)), dh>>16
		low := lane(w, 0, 1, r)
		for s := range 8 {
			v := low>>(4*s)&15 | high>>(2*s)&3<<4
			p.scale[s][r] = d * float32(int32(v)-32)
			for i := range 4 {
				p.nibbles(32*s+4*i, r, lane(w, 0, 2+4*s+i, r), &iq4Codes)
			}
		}
	}
}
