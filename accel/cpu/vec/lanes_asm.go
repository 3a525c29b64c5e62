//go:build (amd64 || arm64) && !noasm

package vec

//go:generate go run -C gen . -o .. vec

// The kernels of lanes_*.s. Each does the leading elements, in whole vectors
// of the running tier, and returns how many those were; the caller's loop
// does the rest and is the reference of the kernel.

//go:noescape
func addLanes(dst, x []float32) (n int)

//go:noescape
func mulLanes(dst, x []float32) (n int)

//go:noescape
func addScaledLanes(dst, x []float32, s float32) (n int)

//go:noescape
func scaleLanes(dst, x []float32, s float32) (n int)

//go:noescape
func scaleMulLanes(dst, x, w []float32, s float32) (n int)

//go:noescape
func shiftScaleLanes(dst, x []float32, shift, s float32) (n int)

//go:noescape
func dotLanes(x, y []float32) (sum float32, n int)

//go:noescape
func sumLanes(x []float32) (sum64 float64, n int)

//go:noescape
func sumSquaresLanes(x []float32) (sum64 float64, n int)

//go:noescape
func maxLanes(x []float32) (m float32, n int)

//go:noescape
func maxAbsLanes(x []float32) (m float32, n int)

// indexLanes returns the index of the vector that holds v first.
//
//go:noescape
func indexLanes(x []float32, v float32) (n int)

//go:noescape
func expLanes(dst, x []float32) (n int)

//go:noescape
func expSumLanes(x []float32, m float32) (sum float32, n int)

//go:noescape
func siluLanes(dst, x []float32) (n int)

//go:noescape
func siluMulLanes(dst, x, up []float32) (n int)

//go:noescape
func geluLanes(dst, x []float32) (n int)

//go:noescape
func geluMulLanes(dst, x, up []float32) (n int)

//go:noescape
func sigmoidMulLanes(dst, x, up []float32) (n int)

//go:noescape
func clampedSwiGLULanes(dst, x, up []float32, limit float32) (n int)

//go:noescape
func softCapLanes(x []float32, limit, inv float32) (n int)

//go:noescape
func ropeHalfLanes(cos, sin, lo, hi []float32) (n int)

//go:noescape
func ropePairLanes(cos, sin, x []float32) (n int)

//go:noescape
func halfFromFloatLanes(dst []uint16, x []float32) (n int)

//go:noescape
func floatFromHalfLanes(dst []float32, x []uint16) (n int)

//go:noescape
func bf16FromFloatLanes(dst []uint16, x []float32) (n int)

//go:noescape
func floatFromBF16Lanes(dst []float32, x []uint16) (n int)
