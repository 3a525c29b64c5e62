package gguf

// K blocks: 256 values in groups, each group with a scale of few bits, and
// perhaps a minimum, relative to the block's own float16 d and dmin.
//
//	Q2_K  16 × (scale:4 min:4) | 64 bytes: q:2 | d | dmin
//	Q3_K  32 bytes: h:1 | 64 bytes: q:2 | 12 bytes: 16 scales:6 | d
//	Q4_K  d | dmin | 12 bytes: 8 scales:6, 8 mins:6 | 128 bytes: q:4
//	Q5_K  d | dmin | 12 bytes: 8 scales:6, 8 mins:6 | 32 bytes: h:1 | 128 bytes: q:4
//	Q6_K  128 bytes: q:4 | 64 bytes: h:2 | 16 int8 scales | d
//
// A field of few bits is never split over bytes. Instead 32 bytes hold 32
// consecutive values in their lowest bits, the next 32 values in the bits
// above, and so on.

func decodeQ2_K(y []float32, b []byte) {
	scales, q, d, dmin := b[:16], b[16:80], half(b[80:]), half(b[82:])
	for g, s := range scales { // groups of 16
		scale, least := d*float32(s&15), dmin*float32(s>>4)
		at, shift := g/8*32+g%2*16, g%8/2*2
		y, q := y[16*g:16*g+16], q[at:at+16]
		for i := range y {
			y[i] = float32(scale*float32(q[i]>>shift&3)) - least
		}
	}
}

// Q3_K keeps the low 4 bits of its scales as 8 bytes of nibbles, their high 2
// bits as 4 bytes.
func decodeQ3_K(y []float32, b []byte) {
	h, q, packed, d := b[:32], b[32:96], b[96:108], half(b[108:])
	for g := range 16 { // groups of 16
		low, high := packed[g%8]>>(g/8*4)&15, packed[8+g%4]>>(g/4*2)&3
		scale := d * float32(int(low|high<<4)-32)
		at, shift := g/8*32+g%2*16, g%8/2*2
		y, q, h := y[16*g:16*g+16], q[at:at+16], h[g%2*16:g%2*16+16]
		for i := range y {
			y[i] = scale * float32(int(q[i]>>shift&3)+int(h[i]>>(g/2)&1)<<2-4)
		}
	}
}

// scaleMin unpacks scale and minimum of group g of a Q4_K or Q5_K block: four
// groups take the low 6 bits of a byte each, the others the nibbles of the
// last four bytes and what is left above the first four.
func scaleMin(s []byte, g int) (scale, least float32) {
	if g < 4 {
		return float32(s[g] & 63), float32(s[g+4] & 63)
	}
	return float32(s[g+4]&15 | s[g-4]>>6<<4), float32(s[g+4]>>4 | s[g]>>6<<4)
}

func decodeQ4_K(y []float32, b []byte) {
	d, dmin, scales, q := half(b), half(b[2:]), b[4:16], b[16:144]
	for g := range 8 { // groups of 32
		scale, least := scaleMin(scales, g)
		scale, least = d*scale, dmin*least
		y, q, shift := y[32*g:32*g+32], q[g/2*32:g/2*32+32], g%2*4
		for i := range y {
			y[i] = float32(scale*float32(q[i]>>shift&15)) - least
		}
	}
}

func decodeQ5_K(y []float32, b []byte) {
	d, dmin, scales, h, q := half(b), half(b[2:]), b[4:16], b[16:48], b[48:176]
	for g := range 8 { // groups of 32
		scale, least := scaleMin(scales, g)
		scale, least = d*scale, dmin*least
		y, q, shift := y[32*g:32*g+32], q[g/2*32:g/2*32+32], g%2*4
		for i := range y {
			y[i] = float32(scale*float32(q[i]>>shift&15|h[i]>>g&1<<4)) - least
		}
	}
}

// Q6_K has 64 bytes of nibbles and 32 bytes of 2 bits for each half of it.
func decodeQ6_K(y []float32, b []byte) {
	q, h, scales, d := b[:128], b[128:192], b[192:208], half(b[208:])
	for g, s := range scales { // groups of 16
		scale := d * float32(int8(s))
		low, high := g/8*64+g%4*16, g/8*32+g%2*16
		y, q, h := y[16*g:16*g+16], q[low:low+16], h[high:high+16]
		for i := range y {
			y[i] = scale * float32(int(q[i]>>(g%8/4*4)&15|h[i]>>(g%8/2*2)&3<<4)-32)
		}
	}
}
