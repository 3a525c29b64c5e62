package prefetch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// ErrChanged is returned when a model file is not the one that was opened.
var ErrChanged = errors.New("the model file changed on disk: open the model again")

// Source reads the files of a model. Safe for concurrent use.
type Source interface {
	// ReadAt fills p from a shard. It returns fewer bytes without an error
	// only where the file ends. Offset, length and address of p are multiples
	// of Align.
	ReadAt(p []byte, shard int, off int64) (int, error)
	Align() int64
	// Changed returns ErrChanged, wrapped, when a file was written since it
	// was opened.
	Changed() error
	// Name is the way of reading in use.
	Name() string
	// Path is where a shard was opened.
	Path(shard int) string
	Close() error
}

// Bytes is the Source of files that are in memory, one a shard.
type Bytes [][]byte

var _ Source = Bytes(nil)

// ReadAt copies.
func (s Bytes) ReadAt(p []byte, shard int, off int64) (int, error) {
	if off >= int64(len(s[shard])) {
		return 0, nil
	}
	return copy(p, s[shard][off:]), nil
}

// Align is that of files: the plan is the same for both.
func (s Bytes) Align() int64 { return minAlign }

// Changed returns nil.
func (s Bytes) Changed() error { return nil }

// Name is "memory".
func (s Bytes) Name() string { return "memory" }

// Path is "memory": there is no file.
func (s Bytes) Path(int) string { return s.Name() }

// Close does nothing.
func (s Bytes) Close() error { return nil }

// SourceKind names a way to read a file.
type SourceKind uint8

// The ways to read, each with the one below to fall back on.
const (
	SourceDirect     SourceKind = iota // past the page cache
	SourceDontCache                    // through it, leaving nothing there that was not before
	SourcePopulate                     // mapped, populated in bulk, dropped behind
	SourceDropBehind                   // through it, dropped behind
	SourceCached                       // through it, and it keeps what was read
	sourceKinds
)

func (k SourceKind) String() string {
	return [...]string{"direct", "dontcache", "populate", "drop-behind", "cached"}[k]
}

// parseSourceKind is the inverse of String.
func parseSourceKind(s string) (SourceKind, bool) {
	for k := range sourceKinds {
		if k.String() == s {
			return k, true
		}
	}
	return 0, false
}

// reader reads one file in one way.
type reader interface {
	readAt(p []byte, off int64) (int, error)
	close() error
}

// errRefused says that a file cannot be read in this way.
var errRefused = errors.New("this way of reading is refused")

// minAlign suits every disk and file system in use but those that say
// otherwise.
const minAlign = 4096

// Files is the Source of real files. It starts with one way of reading and
// goes down the ladder when the system refuses it.
type Files struct {
	files []*os.File
	infos []os.FileInfo
	align int64
	kind  atomic.Uint32

	mu      sync.Mutex
	readers [sourceKinds]atomic.Pointer[[]reader] // by kind, one a file
}

var _ Source = (*Files)(nil)

// OpenFiles opens the files of a model.
func OpenFiles(paths []string, kind SourceKind) (*Files, error) {
	s := &Files{align: minAlign}
	s.kind.Store(uint32(kind))
	for _, p := range paths {
		f, err := os.Open(p)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.files = append(s.files, f)
		info, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.infos = append(s.infos, info)
		s.align = max(s.align, directAlign(p))
	}
	return s, nil
}

// Name is the way of reading in use.
func (s *Files) Name() string { return s.Kind().String() }

// Path is where a shard was opened.
func (s *Files) Path(shard int) string { return s.files[shard].Name() }

// Kind is the way of reading in use.
func (s *Files) Kind() SourceKind { return SourceKind(s.kind.Load()) }

// Use changes the way of reading. Whoever stops to keep files in the page
// cache needs that memory: what is there of them goes.
func (s *Files) Use(k SourceKind) {
	if was := SourceKind(s.kind.Swap(uint32(k))); was == SourceCached && k != was {
		for _, f := range s.files {
			dropCache(f, 0, 0)
		}
	}
}

// CacheBytes is what a way of reading takes of the page cache for a moment:
// the kernel reads ahead of what was asked for.
func (k SourceKind) CacheBytes() int64 {
	switch k {
	case SourceDirect, SourceCached: // none; all of the files, which is the caller's to count
		return 0
	default:
		return 2 * dropBytes
	}
}

// dropBytes is how much is dropped from the page cache at once. The kernel
// reads ahead and keeps pages in large folios: a drop right behind a short
// read leaves most of them.
const dropBytes = 8 << 20

// Align is what suits every way of reading.
func (s *Files) Align() int64 { return s.align }

// ReadAt reads in the way in use, or in one below it.
func (s *Files) ReadAt(p []byte, shard int, off int64) (int, error) {
	for {
		kind := s.Kind()
		n, err := s.readAt(kind, p, shard, off)
		if !errors.Is(err, errRefused) || kind == SourceCached {
			return n, err
		}
		s.kind.CompareAndSwap(uint32(kind), uint32(kind+1))
	}
}

func (s *Files) readAt(kind SourceKind, p []byte, shard int, off int64) (int, error) {
	rs, err := s.way(kind)
	if err != nil {
		return 0, err
	}
	n, err := rs[shard].readAt(p, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if kind == SourceCached && s.Kind() != kind { // meanwhile, see Use
		dropCache(s.files[shard], off, int64(len(p)))
	}
	return n, err
}

// way opens the files for one way of reading on its first use.
func (s *Files) way(kind SourceKind) ([]reader, error) {
	if rs := s.readers[kind].Load(); rs != nil {
		return *rs, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if rs := s.readers[kind].Load(); rs != nil {
		return *rs, nil
	}
	rs := make([]reader, 0, len(s.files))
	for i := range s.files {
		r, err := s.openReader(kind, i)
		if err != nil {
			for _, r := range rs {
				_ = r.close() // read only
			}
			return nil, err
		}
		rs = append(rs, r)
	}
	s.readers[kind].Store(&rs)
	return rs, nil
}

// reopen opens a file once more, with flags of its own, and makes sure that
// its path still leads to it.
func (s *Files) reopen(i int, open func(path string) (*os.File, error)) (*os.File, error) {
	f, err := open(s.files[i].Name())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRefused, err)
	}
	if info, err := f.Stat(); err != nil || !os.SameFile(info, s.infos[i]) {
		_ = f.Close()
		return nil, fmt.Errorf("%w: another file took its place", errRefused)
	}
	return f, nil
}

// plain reads through the page cache.
type plain struct{ *os.File }

func (r plain) readAt(p []byte, off int64) (int, error) { return r.ReadAt(p, off) }
func (r plain) close() error                            { return nil } // the file is Files' own

// owned is plain for a file that the reader opened.
type owned struct{ plain }

func (r owned) close() error { return r.Close() }

// Changed compares every open file with what it was. That its path leads to
// another file by now does not matter to a reader; Replaced tells.
func (s *Files) Changed() error {
	for i, was := range s.infos {
		is, err := s.files[i].Stat()
		if err != nil || is.Size() != was.Size() || !is.ModTime().Equal(was.ModTime()) {
			return fmt.Errorf("%s: %w", s.files[i].Name(), ErrChanged)
		}
	}
	return nil
}

// Replaced reports whether a path leads to another file than when it was
// opened, or to none.
func (s *Files) Replaced() bool {
	for i, was := range s.infos {
		is, err := os.Stat(s.files[i].Name())
		if err != nil || !os.SameFile(was, is) {
			return true
		}
	}
	return false
}

// Close closes the files.
func (s *Files) Close() error {
	var errs []error
	for k := range s.readers {
		if rs := s.readers[k].Swap(nil); rs != nil {
			for _, r := range *rs {
				errs = append(errs, r.close())
			}
		}
	}
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	s.files = nil
	return errors.Join(errs...)
}
