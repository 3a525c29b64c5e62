//go:build !noasm

package attn

import (
	"golang.org/x/sys/cpu"

	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// Please refer to mulGeneric and scoreGeneric for the reference
// implementations.

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

//go:noescape
func scoreQ8VNNI(p *product)

//go:noescape
func scoreQ8AVX2(p *product)

// mul computes a product whose b holds values of type t.
func (p *product) mul(t Type) {
	switch vec.Tier() {
	case "avx512":
		p.mulAVX512(t)
	case "avx2":
		const most = 6
		for r := 0; r < p.rows; r += most {
			part := p.part(r, most)
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

// score computes a product of query blocks with Q8_0 keys.
func (p *product) score() {
	switch vec.Tier() {
	case "avx512":
		if !cpu.X86.HasAVX512VNNI {
			p.scoreAVX2()
			return
		}
		const most = 6
		for r := 0; r < p.rows; r += most {
			part := p.part(r, most)
			scoreQ8VNNI(&part)
		}
	case "avx2":
		p.scoreAVX2()
	default:
		scoreGeneric(p)
	}
}

func (p *product) scoreAVX2() {
	const most = 2
	for r := 0; r < p.rows; r += most {
		part := p.part(r, most)
		scoreQ8AVX2(&part)
	}
}
