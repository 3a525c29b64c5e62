package prefetch

import "runtime"

// SystemMemory returns the bytes that a process may still take, the limit it
// lives under, and what set it: the machine or a container.
func SystemMemory() (available, limit int64, source string) {
	if a, l, s, ok := systemMemory(); ok {
		return a, l, s
	}
	return 4 << 30, 4 << 30, "assumed on " + runtime.GOOS
}
