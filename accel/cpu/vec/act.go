package vec

import "math"

// SiLU computes dst = x * sigmoid(x) (arXiv 1606.08415).
func SiLU(dst, x []float32) {
	x = x[:len(dst)]
	for i := siluLanes(dst, x); i < len(dst); i++ {
		dst[i] = x[i] * sigmoid(x[i])
	}
}

// SiLUMul computes dst = silu(gate) * up: the SwiGLU of arXiv 2002.05202.
func SiLUMul(dst, gate, up []float32) {
	gate, up = gate[:len(dst)], up[:len(dst)]
	for i := siluMulLanes(dst, gate, up); i < len(dst); i++ {
		dst[i] = gate[i] * sigmoid(gate[i]) * up[i]
	}
}

// The tanh form of GELU is x*sigmoid(2u) with u = sqrt(2/π)*(x + 0.044715x³).
const (
	gelu1 = 2 * 0.797884560802865355879892119868763737
	gelu3 = gelu1 * 0.044715
)

func gelu(x float32) float32 { return x * sigmoid(x*(gelu1+gelu3*x*x)) }

// GELU computes the tanh form of dst = gelu(x) (arXiv 1606.08415).
func GELU(dst, x []float32) {
	x = x[:len(dst)]
	for i := geluLanes(dst, x); i < len(dst); i++ {
		dst[i] = gelu(x[i])
	}
}

// GELUMul computes dst = gelu(gate) * up, tanh form.
func GELUMul(dst, gate, up []float32) {
	gate, up = gate[:len(dst)], up[:len(dst)]
	for i := geluMulLanes(dst, gate, up); i < len(dst); i++ {
		dst[i] = gelu(gate[i]) * up[i]
	}
}

func geluErf(x float32) float32 {
	return float32(0.5 * float64(x) * math.Erfc(-float64(x)/math.Sqrt2))
}

// GELUErf computes the exact form of dst = gelu(x).
func GELUErf(dst, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = geluErf(v)
	}
}

// GELUErfMul computes dst = gelu(gate) * up, exact form.
func GELUErfMul(dst, gate, up []float32) {
	gate, up = gate[:len(dst)], up[:len(dst)]
	for i, g := range gate {
		dst[i] = geluErf(g) * up[i]
	}
}

// ReLU2 computes dst = max(x, 0)² (arXiv 2109.08668).
func ReLU2(dst, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		v = max(v, 0)
		dst[i] = v * v
	}
}

// SigmoidMul computes dst = sigmoid(gate) * up.
func SigmoidMul(dst, gate, up []float32) {
	gate, up = gate[:len(dst)], up[:len(dst)]
	for i := sigmoidMulLanes(dst, gate, up); i < len(dst); i++ {
		dst[i] = sigmoid(gate[i]) * up[i]
	}
}

// ClampedSwiGLU computes dst = g * sigmoid(1.702g) * (u + 1) with g =
// min(gate, limit) and u = up clamped to ±limit: the activation of gpt-oss.
func ClampedSwiGLU(dst, gate, up []float32, limit float32) {
	gate, up = gate[:len(dst)], up[:len(dst)]
	for i := clampedSwiGLULanes(dst, gate, up, limit); i < len(dst); i++ {
		g := min(gate[i], limit)
		u := max(min(up[i], limit), -limit)
		dst[i] = g * sigmoid(1.702*g) * (u + 1)
	}
}

// Sigmoid computes dst = 1 / (1 + e^-x).
func Sigmoid(dst, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = sigmoid(v)
	}
}
