//go:build noasm || !amd64

package matmul

var tiers []*tier

func (j *job) assembly() { panic("matmul: this build has no assembly") }
