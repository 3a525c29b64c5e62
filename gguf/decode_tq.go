package gguf

// Ternary blocks: 256 values of -d, 0 and d.
//
//	TQ1_0  32 bytes: 5 digits | 16 bytes: 5 digits | 4 bytes: 4 digits | d
//	TQ2_0  64 bytes: q:2 | d
//
// A TQ1_0 byte is a fraction of 256, and its digits to base 3 are values: the
// first digits of all bytes of a run come first, then the second, and so on.

func decodeTQ1_0(y []float32, b []byte) {
	d := half(b[52:])
	y = digits(y, b[:32], 5, d)
	y = digits(y, b[32:48], 5, d)
	digits(y, b[48:52], 4, d)
}

// digits decodes n digits of each byte and returns the values still to fill.
func digits(y []float32, b []byte, n int, d float32) []float32 {
	power := byte(1)
	for range n {
		for i, v := range b {
			y[i] = d * float32(int(uint16(v*power)*3>>8)-1)
		}
		y = y[len(b):]
		power *= 3
	}
	return y
}

func decodeTQ2_0(y []float32, b []byte) {
	d := half(b[64:])
	for g := range 8 { // groups of 32, four to 32 bytes
		y, q, shift := y[32*g:32*g+32], b[g/4*32:g/4*32+32], g%4*2
		for i := range y {
			y[i] = d * float32(int(q[i]>>shift&3)-1)
		}
	}
}
