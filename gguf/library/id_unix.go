//go:build unix

package library

import (
	"fmt"
	"io/fs"
	"syscall"
)

// fileID tells hard links of one file.
func fileID(info fs.FileInfo) (string, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", false
	}
	return fmt.Sprintf("%d:%d", s.Dev, s.Ino), true
}
