//go:build !linux

package prefetch

func systemMemory() (available, limit int64, source string, ok bool) { return 0, 0, "", false }
