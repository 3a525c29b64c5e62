//go:build (!amd64 && !arm64) || noasm

package attn

func (p *product) mul(t Type) { mulGeneric(p, t) }

func (p *product) score() { scoreGeneric(p) }
