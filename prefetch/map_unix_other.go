//go:build unix && !linux

package prefetch

func adviseHuge([]byte) {}
