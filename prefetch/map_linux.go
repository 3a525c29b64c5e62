package prefetch

import "golang.org/x/sys/unix"

// noReserve keeps addresses without memory from counting as promised.
const noReserve = unix.MAP_NORESERVE

// adviseHuge asks for 2 MiB pages: fewer TLB misses are worth several percent
// of a memory-bound pass.
func adviseHuge(b []byte) {
	if len(b) >= 2<<20 {
		_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // advice: small pages work too
	}
}

// decommitMemory gives the memory behind whole pages back to the system.
func decommitMemory(b []byte) {
	if len(b) > 0 {
		_ = unix.Madvise(b, unix.MADV_DONTNEED) // fails only for a range that was never mapped
	}
}
