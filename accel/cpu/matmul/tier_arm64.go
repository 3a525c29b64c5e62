//go:build !noasm

package matmul

import (
	"runtime"

	"golang.org/x/sys/cpu"
)

const (
	isaNEON isa = iota + 1
	isaI8MM
)

// A NEON without the dot product of bytes (before Armv8.2) has no kernels
// here: widened products would hardly beat the reference.
var tiers = []*tier{
	{name: "i8mm", isa: isaI8MM, ok: func() bool { return hasDotProduct() && hasI8MM() }},
	{name: "neon", isa: isaNEON, ok: hasDotProduct},
}

// call runs a numbered kernel.
func (i isa) call(kernel int, a *args) {
	if i == isaI8MM {
		call_i8mm(kernel, a)
		return
	}
	call_neon(kernel, a)
}

//go:noescape
func call_neon(kernel int, a *args)

//go:noescape
func call_i8mm(kernel int, a *args)

// hasDotProduct: every Mac has it; macOS 11 does not say so.
func hasDotProduct() bool { return runtime.GOOS == "darwin" || cpu.ARM64.HasASIMDDP }
