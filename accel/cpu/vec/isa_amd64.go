//go:build !noasm

package vec

import "golang.org/x/sys/cpu"

var tiers = [...]string{"generic", "avx2", "avx512"}

func supported() string {
	switch x := &cpu.X86; {
	case !x.HasAVX2 || !x.HasFMA: // F16C came before AVX2
		return "generic"
	case x.HasAVX512F && x.HasAVX512VL && x.HasAVX512BW && x.HasAVX512DQ:
		return "avx512"
	}
	return "avx2"
}
