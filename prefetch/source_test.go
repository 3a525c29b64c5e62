package prefetch

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// writeRandom makes a file of n bytes that ends in the middle of a block.
func writeRandom(t testing.TB, n int) (path string, content []byte) {
	t.Helper()
	rng := rand.NewChaCha8([32]byte{1})
	content = make([]byte, n)
	_, _ = rng.Read(content) // never fails
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_ = f.Sync() // so that its pages can leave the cache
	return path, content
}

// TestSources expects the same bytes from every way of reading, or from the
// way below it where the system refuses.
func TestSources(t *testing.T) {
	path, content := writeRandom(t, 20<<20+1234)
	arena, err := NewLedger(4 << 20).Alloc(4 << 20)
	if err != nil {
		t.Fatal(err)
	}
	defer arena.Free()
	sources := []Source{Bytes{content}}
	for kind := range sourceKinds {
		s, err := OpenFiles([]string{path}, kind)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, s)
	}
	for _, s := range sources {
		kind := s.Name()
		for off := int64(0); off < int64(len(content)); off += 3 << 20 {
			p := arena.Bytes()[:3<<20]
			n, err := s.ReadAt(p, 0, off)
			want := content[off:min(off+int64(len(p)), int64(len(content)))]
			if err != nil || !bytes.Equal(p[:n], want) {
				t.Errorf("%s (%s): %d bytes at %d, want %d, error %v", kind, s.Name(), n, off, len(want), err)
			}
		}
		if err := s.Changed(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestChanged writes to a file that is open, and puts another in its place.
func TestChanged(t *testing.T) {
	path, _ := writeRandom(t, 10_000)
	s, err := OpenFiles([]string{path}, SourceCached)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Replaced() {
		t.Error("replaced, says a fresh source")
	}
	other, _ := writeRandom(t, 10_000)
	if err := os.Rename(other, path); err == nil { // not on every system while it is open
		if err := s.Changed(); err != nil || !s.Replaced() {
			t.Errorf("after a rename over it: %v, replaced %v", err, s.Replaced())
		}
	}
	again, err := OpenFiles([]string{path}, SourceCached)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := os.Truncate(path, 5000); err != nil {
		t.Fatal(err)
	}
	if err := again.Changed(); !errors.Is(err, ErrChanged) {
		t.Errorf("after a truncation: %v", err)
	}
}

// TestProfile keeps what was measured, and survives a broken cache.
func TestProfile(t *testing.T) {
	path, _ := writeRandom(t, 10_000)
	dir := t.TempDir()
	if p := ProfileOf(path, dir, true); p != DefaultProfile {
		t.Errorf("a file too small to measure with gives %v", p)
	}
	want := Profile{Source: "dontcache", Depth: 8, BytesPerSecond: 1e9}
	if err := writeProfiles(dir, map[string]Profile{device(path): want}); err != nil {
		t.Fatal(err)
	}
	if device(path) != "" {
		if p := ProfileOf(path, dir, false); p != want || p.Kind() != SourceDontCache {
			t.Errorf("kept %v, got %v", want, p)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, profileFile), []byte("{\"x\":"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p := ProfileOf(path, dir, false); p != DefaultProfile {
		t.Errorf("a broken cache gives %v", p)
	}
}

// TestKeepRate: a device that was calibrated gets the rate that its reads came
// to; another one gets no profile from that.
func TestKeepRate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if KeepRate(path, dir, 5e8); len(readProfiles(dir)) > 0 {
		t.Error("a profile that nobody measured")
	}
	if device(path) == "" {
		t.Skip("this system does not name devices")
	}
	if err := writeProfiles(dir, map[string]Profile{device(path): {Source: "dontcache", Depth: 8, BytesPerSecond: 1e8}}); err != nil {
		t.Fatal(err)
	}
	KeepRate(path, dir, 5e8)
	KeepRate(path, dir, 0)
	if p := ProfileOf(path, dir, false); p != (Profile{Source: "dontcache", Depth: 8, BytesPerSecond: 5e8}) {
		t.Errorf("%+v", p)
	}
}
