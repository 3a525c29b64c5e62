package vec

import "math"

// RMSNorm computes dst = x / sqrt(mean(x²) + eps) * w for one row
// (arXiv 1910.07467). w may be nil.
func RMSNorm(dst, x, w []float32, eps float32) {
	x = x[:len(dst)]
	s := float32(1 / math.Sqrt(sumSquares(x)/float64(len(x))+float64(eps)))
	scaleBy(dst, x, w, s)
}

// L2Norm computes dst = x / max(|x|, eps) for one row.
func L2Norm(dst, x []float32, eps float32) {
	x = x[:len(dst)]
	scaleBy(dst, x, nil, float32(1/max(math.Sqrt(sumSquares(x)), float64(eps))))
}

// LayerNorm computes dst = (x - mean) / sqrt(variance + eps) * w + b for one
// row (arXiv 1607.06450). w and b may be nil.
func LayerNorm(dst, x, w, b []float32, eps float32) {
	x = x[:len(dst)]
	n := float64(len(x))
	mean := sum(x) / n
	variance := max(sumSquares(x)/n-mean*mean, 0) // the sums are float64
	shift, s := -float32(mean), float32(1/math.Sqrt(variance+float64(eps)))
	for i := shiftScaleLanes(dst, x, shift, s); i < len(dst); i++ {
		dst[i] = (x[i] + shift) * s
	}
	if w != nil {
		Mul(dst, w)
	}
	if b != nil {
		Add(dst, b)
	}
}

// scaleBy computes dst = x * s * w.
func scaleBy(dst, x, w []float32, s float32) {
	x = x[:len(dst)]
	if w == nil {
		for i := scaleLanes(dst, x, s); i < len(dst); i++ {
			dst[i] = x[i] * s
		}
		return
	}
	w = w[:len(dst)]
	for i := scaleMulLanes(dst, x, w, s); i < len(dst); i++ {
		dst[i] = x[i] * s * w[i]
	}
}

// sumSquares accumulates in float64, so a row of any length keeps the
// precision of its elements.
func sumSquares(x []float32) float64 {
	var s1, s2, s3 float64
	s0, i := sumSquaresLanes(x)
	for ; i+4 <= len(x); i += 4 {
		a, b, c, d := float64(x[i]), float64(x[i+1]), float64(x[i+2]), float64(x[i+3])
		s0 += a * a
		s1 += b * b
		s2 += c * c
		s3 += d * d
	}
	for ; i < len(x); i++ {
		s0 += float64(x[i]) * float64(x[i])
	}
	return (s0 + s1) + (s2 + s3)
}

func sum(x []float32) float64 {
	var s1 float64
	s0, i := sumLanes(x)
	for ; i+2 <= len(x); i += 2 {
		s0 += float64(x[i])
		s1 += float64(x[i+1])
	}
	for ; i < len(x); i++ {
		s0 += float64(x[i])
	}
	return s0 + s1
}
