//go:build linux || darwin

package pull

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// freeSpace is what this user may still write below dir; false when the
// system does not say.
func freeSpace(dir string) (int64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil || s.Bsize <= 0 {
		return 0, false
	}
	blocks := min(s.Bavail, math.MaxInt64/uint64(s.Bsize))
	return int64(blocks * uint64(s.Bsize)), true
}

// lock keeps a second download of the same file out, until f is closed.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
