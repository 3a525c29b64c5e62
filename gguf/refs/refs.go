// Package refs finds the reference data that tests compare with: logits,
// token ids, quantised blocks and rendered templates. The data is not part of
// the module; a test that wants it is skipped, with the reason, where it is
// absent. RUNNEL_REFS names the folder when it lies elsewhere.
package refs

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns a path below the reference folder, or skips the test when there
// is none.
func Dir(t testing.TB, elem ...string) string {
	t.Helper()
	return find(t, root(t), elem...)
}

// Model returns the path of a real model file kept beside the references, or
// skips the test.
func Model(t testing.TB, name string) string {
	t.Helper()
	return find(t, filepath.Join(filepath.Dir(root(t)), "models"), name)
}

func find(t testing.TB, dir string, elem ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{dir}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no reference data: %v", err)
	}
	return path
}

// root is RUNNEL_REFS, else shared/refs beside the checkout that holds the
// test's package.
func root(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("RUNNEL_REFS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared", "refs")
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Skip("no reference data: not inside a checkout and RUNNEL_REFS is unset")
		}
		dir = parent
	}
}
