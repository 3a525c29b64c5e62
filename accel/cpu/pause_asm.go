//go:build (amd64 || arm64) && !noasm

package cpu

// pause tells the processor that this is a spin loop; see pause_other.go for
// the reference, which does nothing.
//
//go:noescape
func pause()
