//go:build !noasm

package vec

var tiers = [...]string{"generic", "neon"}

// supported needs no look: every arm64 has these instructions.
func supported() string { return "neon" }
