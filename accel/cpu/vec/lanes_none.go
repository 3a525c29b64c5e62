//go:build (!amd64 && !arm64) || noasm

package vec

// Without kernels the loops of this package begin at 0.

func addLanes(dst, x []float32) (n int)                              { return 0 }
func mulLanes(dst, x []float32) (n int)                              { return 0 }
func addScaledLanes(dst, x []float32, s float32) (n int)             { return 0 }
func scaleLanes(dst, x []float32, s float32) (n int)                 { return 0 }
func scaleMulLanes(dst, x, w []float32, s float32) (n int)           { return 0 }
func shiftScaleLanes(dst, x []float32, shift, s float32) (n int)     { return 0 }
func dotLanes(x, y []float32) (sum float32, n int)                   { return 0, 0 }
func sumLanes(x []float32) (sum64 float64, n int)                    { return 0, 0 }
func sumSquaresLanes(x []float32) (sum64 float64, n int)             { return 0, 0 }
func maxLanes(x []float32) (m float32, n int)                        { return 0, 0 }
func maxAbsLanes(x []float32) (m float32, n int)                     { return 0, 0 }
func indexLanes(x []float32, v float32) (n int)                      { return 0 }
func expLanes(dst, x []float32) (n int)                              { return 0 }
func expSumLanes(x []float32, m float32) (sum float32, n int)        { return 0, 0 }
func siluLanes(dst, x []float32) (n int)                             { return 0 }
func siluMulLanes(dst, x, up []float32) (n int)                      { return 0 }
func geluLanes(dst, x []float32) (n int)                             { return 0 }
func geluMulLanes(dst, x, up []float32) (n int)                      { return 0 }
func sigmoidMulLanes(dst, x, up []float32) (n int)                   { return 0 }
func clampedSwiGLULanes(dst, x, up []float32, limit float32) (n int) { return 0 }
func softCapLanes(x []float32, limit, inv float32) (n int)           { return 0 }
func ropeHalfLanes(cos, sin, lo, hi []float32) (n int)               { return 0 }
func ropePairLanes(cos, sin, x []float32) (n int)                    { return 0 }
func halfFromFloatLanes(dst []uint16, x []float32) (n int)           { return 0 }
func floatFromHalfLanes(dst []float32, x []uint16) (n int)           { return 0 }
func bf16FromFloatLanes(dst []uint16, x []float32) (n int)           { return 0 }
func floatFromBF16Lanes(dst []float32, x []uint16) (n int)           { return 0 }
