package vec

import "math"

// exp(x) = 2^n * exp(r) with n = round(x/ln 2) and |r| <= ln(2)/2. ln 2 is
// split so that n*ln2Hi is exact; the polynomial 1 + r + c2 r² + … is minimax
// to 3e-9. Rounding leaves a relative error below 1.5e-7 for results in the
// normal range; smaller ones lose bits as denormals do, then become 0.
const (
	log2e   = 1.44269504088896341
	ln2Hi   = 0.693359375
	ln2Lo   = -2.12194440e-4
	expMax  = 88.8 // beyond both the result is +Inf or 0
	expMin  = -104
	expC2   = 0.4999999343212931
	expC3   = 0.16666520399042478
	expC4   = 0.04166839078354132
	expC5   = 0.008368745108946023
	expC6   = 0.0013814540177276408
	toRound = 3 << 22 // adding it to a small float32 rounds to an integer
)

func exp(x float32) float32 {
	switch {
	case x > expMax:
		return float32(math.Inf(1))
	case x < expMin:
		return 0
	case x != x:
		return x
	}
	n := float32(x*log2e+toRound) - toRound
	r := x - n*ln2Hi
	r -= n * ln2Lo
	p := float32(expC6)
	p = p*r + expC5
	p = p*r + expC4
	p = p*r + expC3
	p = p*r + expC2
	p = p*r + 1
	p = p*r + 1
	// Two factors reach the denormals and stay inside the exponent's range.
	h := int32(n) >> 1
	return p * pow2(h) * pow2(int32(n)-h)
}

func pow2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

func sigmoid(x float32) float32 { return 1 / (1 + exp(-x)) }

// tanhSmall is where the quotient of exponentials would cancel.
const tanhSmall = 0.25

func tanh(x float32) float32 {
	a := abs(x)
	if a < tanhSmall {
		// Odd series up to x⁹: the next term is below 1e-8 of the result.
		s := x * x
		return x * (1 + s*(-1./3+s*(2./15+s*(-17./315+s*62./2835))))
	}
	t := 1 - 2/(exp(2*a)+1)
	return float32(math.Copysign(float64(t), float64(x)))
}

// Exp computes dst = e^x.
func Exp(dst, x []float32) {
	x = x[:len(dst)]
	for i := expLanes(dst, x); i < len(dst); i++ {
		dst[i] = exp(x[i])
	}
}

// ExpSum replaces x by e^(x-m) and returns the sum. m is the maximum of x;
// where that is -Inf, -Inf becomes 0.
func ExpSum(x []float32, m float32) float32 {
	if m == negInf {
		m = 0
	}
	sum := 0.0
	for len(x) > 0 { // pieces, so that the lanes' float32 sums stay exact enough
		piece := x[:min(len(x), 1024)]
		x = x[len(piece):]
		first, n := expSumLanes(piece, m)
		sum += float64(first)
		for i, v := range piece[n:] {
			e := exp(v - m)
			piece[n+i] = e
			sum += float64(e)
		}
	}
	return float32(sum)
}

// SoftCap computes x = limit * tanh(x/limit).
func SoftCap(x []float32, limit float32) {
	inv := 1 / limit
	for i := softCapLanes(x, limit, inv); i < len(x); i++ {
		x[i] = limit * tanh(x[i]*inv)
	}
}

// Softmax replaces x by e^x / Σe^x. Elements at -Inf become 0; so does all of
// x when nothing else is there.
func Softmax(x []float32) {
	if sum := ExpSum(x, Max(x)); sum != 0 {
		Scale(x, 1/sum)
	}
}
