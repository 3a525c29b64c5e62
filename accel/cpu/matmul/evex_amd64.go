//go:build !noasm && evex

package matmul

import "golang.org/x/sys/cpu"

// hasDot tells whether the machine runs the kernels of AVX-VNNI when their dot
// products are encoded as AVX-512 has them. This tests them on processors
// that only have the other:
//
//	go test -tags evex -asmflags=-D=EVEX ./accel/cpu/matmul
func hasDot() bool { return cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VNNI }
