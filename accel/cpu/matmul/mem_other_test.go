//go:build !linux

package matmul

import "testing"

func offHeap(_ testing.TB, n int) []byte { return make([]byte, n) }
