//go:build cuda

package assets

import _ "embed"

// The PTX of accel/cuda/kernels, made by .ci/cuda ptx: for devices from sm_75
// on, and for those from sm_80 on.
var (
	//go:embed kernels75.ptx
	Kernels75 string
	//go:embed kernels80.ptx
	Kernels80 string
)
