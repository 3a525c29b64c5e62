//go:build unix

package library

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestHostileFolders: pipes are not opened, folders that are too deep, closed
// or too full end the walk and not the program.
func TestHostileFolders(t *testing.T) {
	home := tree(t, map[string]string{
		".local/share/runnel/models/m.gguf":                                         "gguf",
		".local/share/runnel/models/closed/x.gguf":                                  "gguf",
		".local/share/runnel/models/" + strings.Repeat("d/", maxDepth) + "in.gguf":  "gguf",
		".local/share/runnel/models/" + strings.Repeat("d/", maxDepth+1) + "x.gguf": "gguf",
	})
	own := filepath.Join(home, ".local", "share", "runnel", "models")
	if err := syscall.Mkfifo(filepath.Join(own, "pipe.gguf"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pipe.gguf", filepath.Join(own, "alias.gguf")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(own, "closed"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(own, "closed"), 0o700) })
	var names []string
	for _, m := range findIn(t, home, nil) {
		names = append(names, m.Name)
	}
	want := "in m"
	if os.Getuid() == 0 { // who may read everything
		want = "in m x"
	}
	if got := strings.Join(names, " "); got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	if _, err := Resolve(context.Background(), Places{}, filepath.Join(own, "pipe.gguf")); err == nil {
		t.Error("a pipe was resolved")
	}
	if _, err := Open(filepath.Join(own, "pipe.gguf")); err == nil {
		t.Error("a pipe was opened")
	}
}

func BenchmarkFind(b *testing.B) {
	dir := b.TempDir()
	for i := range 20_000 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.txt", i)), nil, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	p := Places{[]Place{{Named, dir}}}
	for b.Loop() {
		if _, err := Find(context.Background(), p); err != nil {
			b.Fatal(err)
		}
	}
}
