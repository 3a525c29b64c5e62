//go:build unix

package prefetch

import "golang.org/x/sys/unix"

func mapMemory(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err == nil {
		adviseHuge(b)
	}
	return b, err
}

func unmapMemory(b []byte) {
	if len(b) > 0 {
		_ = unix.Munmap(b) // fails only for a range that was never mapped
	}
}
