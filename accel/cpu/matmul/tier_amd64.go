//go:build !noasm

package matmul

import "golang.org/x/sys/cpu"

//go:generate go run ./gen

const isaAVX512 isa = 1

var tiers = []*tier{
	{name: "avx512", isa: isaAVX512, ok: func() bool {
		x := &cpu.X86
		return x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512VNNI && x.HasFMA
	}},
}

// call runs a numbered kernel.
func (i isa) call(kernel int, a *args) {
	call_avx512(kernel, a)
}

//go:noescape
func call_avx512(kernel int, a *args)
