//go:build noasm || (!amd64 && !arm64)

package matmul

var tiers []*tier

func (j *job) assembly() { panic("matmul: this build has no assembly") }

func (i isa) quantise(dst, super []byte, x []float32, c, n int) {
	quantiseGeneric(dst, super, x, c, n)
}

func (i isa) pack(f *format, dst, src []byte, stride int) {
	packGeneric(f, dst, src, stride, Rows)
}
