package vec

import "math"

// Add computes dst += x.
func Add(dst, x []float32) {
	x = x[:len(dst)]
	for i := addLanes(dst, x); i < len(dst); i++ {
		dst[i] += x[i]
	}
}

// AddScaled computes dst += s*x.
func AddScaled(dst, x []float32, s float32) {
	x = x[:len(dst)]
	for i := addScaledLanes(dst, x, s); i < len(dst); i++ {
		dst[i] += s * x[i]
	}
}

// Mul computes dst *= x.
func Mul(dst, x []float32) {
	x = x[:len(dst)]
	for i := mulLanes(dst, x); i < len(dst); i++ {
		dst[i] *= x[i]
	}
}

// MulTo computes dst = x * y.
func MulTo(dst, x, y []float32) { scaleBy(dst, x, y, 1) }

// Scale computes x *= s.
func Scale(x []float32, s float32) {
	for i := scaleLanes(x, x, s); i < len(x); i++ {
		x[i] *= s
	}
}

// Dot returns the inner product of a and b over the length of a.
func Dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s1, s2, s3 float32
	s0, i := dotLanes(a, b)
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

var negInf = float32(math.Inf(-1))

// Max returns the largest element, -Inf when there is none. NaN is passed
// over.
func Max(x []float32) float32 {
	m, n := maxLanes(x)
	if n == 0 {
		m = negInf
	}
	for _, v := range x[n:] {
		if v > m {
			m = v
		}
	}
	return m
}

// MaxAbs returns the largest magnitude, 0 when there is none. NaN is passed
// over.
func MaxAbs(x []float32) float32 {
	m, n := maxAbsLanes(x)
	for _, v := range x[n:] {
		if a := abs(v); a > m {
			m = a
		}
	}
	return m
}

// ArgMax returns the index of the largest element, the first of equals. NaN
// never wins; -1 when there is nothing else.
func ArgMax(x []float32) int {
	m := Max(x)
	for i := indexLanes(x, m); i < len(x); i++ {
		if x[i] == m {
			return i
		}
	}
	return -1
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }
