//go:build !linux

package prefetch

func systemMemory() (m Memory, ok bool) { return m, false }
