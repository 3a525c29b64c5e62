//go:build !noasm

package matmul

import "golang.org/x/sys/cpu"

//go:generate go run ./gen

// isa says which set of assembly kernels to call.
type isa int

const isaAVX512 isa = iota

// call runs a numbered kernel.
func (i isa) call(kernel int, a *args) {
	call_avx512(kernel, a)
}

//go:noescape
func call_avx512(kernel int, a *args)

var avx512 = tier{
	name: "avx512",
	ok: func() bool {
		x := &cpu.X86
		return x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512VNNI && x.HasFMA
	},
	mul:  mulAVX512,
	pack: packGeneric,
}

var tiers = []*tier{&avx512}

// mulAVX512 multiplies one vector straight with the packed units, more by way
// of panels.
func mulAVX512(j *job) {
	j.isa = isaAVX512
	switch {
	case j.f.group == 0:
		j.floats()
	case j.n1-j.n0 == 1 && j.cols%max(actBlock, j.f.vals) == 0:
		j.gemv()
	default:
		j.gemm()
	}
}
