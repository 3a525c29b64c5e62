//go:build !noasm

package matmul

import "golang.org/x/sys/cpu"

//go:generate go run ./gen

const (
	isaAVX512  isa = 1
	isaAVX2    isa = 2 | byKind
	isaAVXVNNI isa = 3 | byKind
)

var tiers = []*tier{
	{name: "avx512", isa: isaAVX512, ok: func() bool {
		x := &cpu.X86
		return x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512VNNI && x.HasFMA
	}},
	{name: "avxvnni", isa: isaAVXVNNI, ok: func() bool { return hasAVX2() && hasDot() }},
	{name: "avx2", isa: isaAVX2, ok: hasAVX2},
}

func hasAVX2() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA } // F16C came before AVX2

// call runs a numbered kernel.
func (i isa) call(kernel int, a *args) {
	switch i {
	case isaAVX512:
		call_avx512(kernel, a)
	case isaAVXVNNI:
		call_avxvnni(kernel, a)
	default:
		call_avx2(kernel, a)
	}
}

//go:noescape
func call_avx512(kernel int, a *args)

//go:noescape
func call_avxvnni(kernel int, a *args)

//go:noescape
func call_avx2(kernel int, a *args)
