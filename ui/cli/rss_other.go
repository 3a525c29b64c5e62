//go:build !linux

package cli

import "runtime"

// peakRSS is what the Go runtime took from the system; weights are not in it.
func peakRSS() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
