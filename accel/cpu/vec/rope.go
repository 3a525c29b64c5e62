package vec

// Rope turns the pairs of one head: (a, b) becomes (a cos - b sin,
// a sin + b cos). x holds the 2*len(cos) rotated values; pair i is
// (2i, 2i+1) when interleaved, else (i, i+len(cos)).
func Rope(x, cos, sin []float32, interleaved bool) {
	n := len(cos)
	sin = sin[:n]
	x = x[:2*n]
	if interleaved {
		for i := ropePairLanes(cos, sin, x); i < n; i++ {
			a, b := x[2*i], x[2*i+1]
			x[2*i] = a*cos[i] - b*sin[i]
			x[2*i+1] = a*sin[i] + b*cos[i]
		}
		return
	}
	lo, hi := x[:n], x[n:]
	for i := ropeHalfLanes(cos, sin, lo, hi); i < n; i++ {
		a, b := lo[i], hi[i]
		lo[i] = a*cos[i] - b*sin[i]
		hi[i] = a*sin[i] + b*cos[i]
	}
}

// RopeHeads applies Rope to the first 2*len(cos) values of every head of one
// token; x is [heads][headDim].
func RopeHeads(x []float32, heads, headDim int, cos, sin []float32, interleaved bool) {
	for h := range heads {
		Rope(x[h*headDim:(h+1)*headDim], cos, sin, interleaved)
	}
}
