package cli

import (
	"bytes"
	"os"
)

// loadAverage is that of the last minute: figures of a busy machine should
// say so.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	one, _, _ := bytes.Cut(b, []byte(" "))
	return string(one)
}
