package prefetch

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNoSecondCopy reads a file past the page cache and looks what is there.
func TestNoSecondCopy(t *testing.T) {
	const size = 24 << 20
	path, _ := writeRandom(t, size)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	arena, err := NewLedger(2 << 20).Alloc(2 << 20)
	if err != nil {
		t.Fatal(err)
	}
	defer arena.Free()
	cached := func() int {
		n := 0
		for off := int64(0); off < size; off += 64 << 10 {
			if inPageCache(f, off) {
				n++
			}
		}
		return n
	}
	if cached() == 0 {
		t.Skip("this system does not say what is in the page cache")
	}
	for kind := SourceDirect; kind < SourceCached; kind++ {
		_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
		if cached() > 0 {
			t.Skip("this file system keeps its pages")
		}
		s, err := OpenFiles([]string{path}, kind)
		if err != nil {
			t.Fatal(err)
		}
		for off := int64(0); off < size; off += 2 << 20 {
			if _, err := s.ReadAt(arena.Bytes(), 0, off); err != nil {
				t.Fatal(err)
			}
		}
		name := s.Kind()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if n := cached(); n > 0 && name != SourceCached {
			t.Errorf("%s, read as %s, leaves %d of %d samples in the page cache", kind, name, n, size>>16)
		}
	}
}
