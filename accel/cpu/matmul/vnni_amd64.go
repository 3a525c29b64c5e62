//go:build !noasm && !evex

package matmul

import "golang.org/x/sys/cpu"

// hasDot tells whether the machine runs the kernels of AVX-VNNI.
func hasDot() bool { return cpu.X86.HasAVXVNNI }
