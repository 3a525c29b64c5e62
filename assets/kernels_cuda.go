//go:build cuda

package assets

import _ "embed"

// Kernels is the PTX of accel/cuda/kernels, made by .ci/cuda ptx.
//
//go:embed kernels.ptx
var Kernels string
