//go:build !noasm

package attn

import (
	"golang.org/x/sys/cpu"

	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// Please refer to mulGeneric and scoreGeneric for the reference
// implementations.

//go:noescape
func mulF32NEON(p *product)

//go:noescape
func mulF16NEON(p *product)

//go:noescape
func mulQ8NEON(p *product)

//go:noescape
func scoreQ8NEON(p *product)

// mul computes a product whose b holds values of type t.
func (p *product) mul(t Type) {
	if vec.Tier() != "neon" {
		mulGeneric(p, t)
		return
	}
	const most = 4
	for r := 0; r < p.rows; r += most {
		part := p.part(r, most)
		switch t {
		case F32:
			mulF32NEON(&part)
		case F16:
			mulF16NEON(&part)
		case Q8_0:
			mulQ8NEON(&part)
		}
	}
}

// score computes a product of query blocks with Q8_0 keys.
func (p *product) score() {
	if vec.Tier() != "neon" || !cpu.ARM64.HasASIMDDP {
		scoreGeneric(p)
		return
	}
	const most = 2
	for r := 0; r < p.rows; r += most {
		part := p.part(r, most)
		scoreQ8NEON(&part)
	}
}
