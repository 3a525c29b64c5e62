//go:build noasm || !amd64

package matmul

type isa int

var tiers []*tier
