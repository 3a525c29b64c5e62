//go:build !unix

package attn

import "testing"

// guarded has no page to guard with here.
func guarded[T any](_ testing.TB, n int) []T { return make([]T, n) }
