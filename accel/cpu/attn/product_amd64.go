//go:build !noasm

package attn

import (
	"unsafe"

	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

//go:generate go run -C ../vec/gen . -o ../../attn attn

// Please refer to mulGeneric for the reference implementation.

//go:noescape
func mulF32AVX512(p *product)

//go:noescape
func mulF16AVX512(p *product)

//go:noescape
func mulQ8AVX512(p *product)

//go:noescape
func mulF32AVX2(p *product)

//go:noescape
func mulF16AVX2(p *product)

//go:noescape
func mulQ8AVX2(p *product)

// mul computes a product whose b holds values of type t.
func (p *product) mul(t Type) {
	switch vec.Tier() {
	case "avx512":
		p.mulAVX512(t)
	case "avx2":
		const most = 6 // rows
		for r := 0; r < p.rows; r += most {
			part := *p
			part.rows = min(p.rows-r, most)
			part.a = unsafe.Add(p.a, r*p.lda*4)
			part.c = unsafe.Add(p.c, r*p.ldc*4)
			part.mulAVX2(t)
		}
	default:
		mulGeneric(p, t)
	}
}

func (p *product) mulAVX512(t Type) {
	switch t {
	case F32:
		mulF32AVX512(p)
	case F16:
		mulF16AVX512(p)
	case Q8_0:
		mulQ8AVX512(p)
	}
}

func (p *product) mulAVX2(t Type) {
	switch t {
	case F32:
		mulF32AVX2(p)
	case F16:
		mulF16AVX2(p)
	case Q8_0:
		mulQ8AVX2(p)
	}
}
