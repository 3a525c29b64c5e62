package prefetch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// directAlign asks the file system what direct reads need; 0: it does not say.
func directAlign(path string) int64 {
	var st unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_DIOALIGN, &st) != nil || st.Mask&unix.STATX_DIOALIGN == 0 {
		return 0
	}
	return int64(max(st.Dio_mem_align, st.Dio_offset_align))
}

func (s *Files) openReader(kind SourceKind, i int) (reader, error) {
	switch kind {
	case SourceDirect:
		f, err := s.reopen(i, func(path string) (*os.File, error) {
			return os.OpenFile(path, os.O_RDONLY|unix.O_DIRECT, 0)
		})
		if err != nil {
			return nil, err
		}
		return direct{owned{plain{f}}}, nil
	case SourceDontCache:
		return dontCache{plain{s.files[i]}}, nil
	case SourcePopulate:
		return newPopulate(s.files[i], s.infos[i].Size())
	case SourceDropBehind:
		return &dropBehind{plain: plain{s.files[i]}}, nil
	}
	return plain{s.files[i]}, nil
}

// refused turns the errors of a call that the kernel or the file system does
// not know into errRefused.
func refused(err error) error {
	for _, e := range []error{unix.EINVAL, unix.EOPNOTSUPP, unix.ENOSYS} {
		if errors.Is(err, e) {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
	}
	return err
}

// direct reads with O_DIRECT.
type direct struct{ owned }

func (r direct) readAt(p []byte, off int64) (int, error) {
	n, err := r.ReadAt(p, off)
	if n > 0 && errors.Is(err, unix.EINVAL) {
		// The file ends in the middle of a block, and the system has read all
		// of it: the rest cannot be asked for.
		err = io.EOF
	}
	return n, refused(err)
}

// dontCache reads with RWF_DONTCACHE (Linux 6.14).
type dontCache struct{ plain }

func (r dontCache) readAt(p []byte, off int64) (int, error) {
	for n := 0; ; {
		m, err := preadv2(r.File, p[n:], off+int64(n), unix.RWF_DONTCACHE)
		n += max(m, 0)
		switch {
		case err != nil:
			return n, refused(err)
		case m == 0, n == len(p):
			return n, nil
		}
	}
}

// preadv2 is the system call for one buffer, begun again when a signal
// interrupts it.
func preadv2(f *os.File, p []byte, off int64, flags int) (int, error) {
	for {
		n, err := unix.Preadv2(int(f.Fd()), [][]byte{p}, off, flags)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// dropBehind reads through the page cache and empties it behind.
type dropBehind struct {
	plain
	mu     sync.Mutex
	lo, hi int64 // range with pages to drop
	bytes  int64 // read in it
}

func (r *dropBehind) readAt(p []byte, off int64) (int, error) {
	n, err := r.ReadAt(p, off)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bytes == 0 {
		r.lo, r.hi = off, off
	}
	r.lo, r.hi = min(r.lo, off), max(r.hi, off+int64(n))
	if r.bytes += int64(n); r.bytes >= dropBytes {
		r.drop()
	}
	return n, err
}

func (r *dropBehind) drop() {
	dropCache(r.File, r.lo, r.hi-r.lo)
	r.bytes = 0
}

func (r *dropBehind) close() error {
	if r.bytes > 0 {
		r.drop()
	}
	return nil
}

// populate brings pages into the page cache by MADV_POPULATE_READ on a map of
// the file, which is one large request to the disk, and copies them out by an
// ordinary read. The map itself is never touched: that could be a signal.
type populate struct {
	dropBehind
	mapped []byte
}

func newPopulate(f *os.File, size int64) (reader, error) {
	if size <= 0 || int64(int(size)) != size {
		return nil, errRefused
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRefused, err)
	}
	return &populate{dropBehind{plain: plain{f}}, b}, nil
}

func (r *populate) readAt(p []byte, off int64) (int, error) {
	page := int64(os.Getpagesize())
	lo, hi := off/page*page, min(off+int64(len(p)), int64(len(r.mapped)))
	if lo < hi {
		m := r.mapped[lo:hi]
		if err := unix.Madvise(m, unix.MADV_POPULATE_READ); err != nil && errors.Is(refused(err), errRefused) {
			return 0, refused(err)
		} // another error the read below finds as well
		_ = unix.Madvise(m, unix.MADV_DONTNEED) // unmapped pages can leave the cache
	}
	return r.dropBehind.readAt(p, off)
}

func (r *populate) close() error {
	return errors.Join(unix.Munmap(r.mapped), r.dropBehind.close())
}

// dropCache empties the page cache of n bytes of a file; n = 0: to its end.
func dropCache(f *os.File, off, n int64) {
	_ = unix.Fadvise(int(f.Fd()), off, n, unix.FADV_DONTNEED) // advice
}

// inPageCache reports whether the page at off is in the page cache, or may be
// on a system that does not tell (before Linux 6.5). A read that must not wait
// would tell as well, but it starts to read ahead.
func inPageCache(f *os.File, off int64) bool {
	var st unix.Cachestat_t
	err := unix.Cachestat(uint(f.Fd()), &unix.CachestatRange{Off: uint64(off), Len: 1}, &st, 0)
	return err != nil || st.Cache > 0
}

// device names the device that a file lies on, and its file system.
func device(path string) string {
	var st unix.Stat_t
	var fs unix.Statfs_t
	if unix.Stat(path, &st) != nil || unix.Statfs(path, &fs) != nil {
		return ""
	}
	return fmt.Sprintf("%d:%d-%x", unix.Major(st.Dev), unix.Minor(st.Dev), uint64(fs.Type))
}
