package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// forgetCached asks the system to drop what it holds of a file in memory, so
// that a read tells of the disk.
func forgetCached(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) // else the speed is that of memory
}
