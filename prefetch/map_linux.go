package prefetch

import "golang.org/x/sys/unix"

// adviseHuge asks for 2 MiB pages: fewer TLB misses are worth several percent
// of a memory-bound pass.
func adviseHuge(b []byte) {
	if len(b) >= 2<<20 {
		_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // advice: small pages work too
	}
}
