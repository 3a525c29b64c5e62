//go:build !unix

package matmul

import "testing"

// guarded has no pages to guard with here.
type guarded []byte

func newGuarded(_ testing.TB, size int) guarded { return make([]byte, size) }
