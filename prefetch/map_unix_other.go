//go:build unix && !linux

package prefetch

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const noReserve = 0 // addresses are free anyway

func adviseHuge([]byte) {}

// decommitMemory puts fresh pages in the place of whole pages: the advice to
// forget them is taken when the system likes, or not at all.
func decommitMemory(b []byte) {
	if len(b) > 0 {
		_, _ = unix.MmapPtr(-1, 0, unsafe.Pointer(&b[0]), uintptr(len(b)),
			unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_FIXED)
	}
}
