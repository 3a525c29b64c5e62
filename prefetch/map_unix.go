//go:build unix

package prefetch

import "golang.org/x/sys/unix"

func mapMemory(n int64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b, err := unix.Mmap(-1, 0, int(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err == nil {
		adviseHuge(b)
	}
	return b, err
}

// reserveAddresses takes addresses; a page gets memory when it is touched.
func reserveAddresses(n int64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b, err := unix.Mmap(-1, 0, int(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|noReserve)
	if err == nil {
		adviseHuge(b)
	}
	return b, err
}

func commitMemory([]byte) error { return nil }

func unmapMemory(b []byte) {
	if len(b) > 0 {
		_ = unix.Munmap(b) // fails only for a range that was never mapped
	}
}
