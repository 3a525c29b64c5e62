package pull

import (
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// freeSpace is what this user may still write below dir; false when the
// system does not say.
func freeSpace(dir string) (int64, bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, false
	}
	return int64(min(free, math.MaxInt64)), true
}

// lock keeps a second download of the same file out, until f is closed. The
// byte that is locked lies far behind the file: here a lock keeps the owner's
// other handles out too.
func lock(f *os.File) error {
	behind := windows.Overlapped{OffsetHigh: 1 << 30}
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &behind)
}
