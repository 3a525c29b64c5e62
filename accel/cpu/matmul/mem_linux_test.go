package matmul

import (
	"testing"

	"golang.org/x/sys/unix"
)

// offHeap returns memory as the engine keeps weights in: anonymous, in huge
// pages.
func offHeap(b testing.TB, n int) []byte {
	b.Helper()
	m, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		b.Fatal(err)
	}
	_ = unix.Madvise(m, unix.MADV_HUGEPAGE)
	b.Cleanup(func() { _ = unix.Munmap(m) })
	return m
}
