package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/runnel-chat/runnel/accel"
)

func newTestBackend(t testing.TB, threads int) *Backend {
	t.Helper()
	b, err := New(threads, func(n int) ([]byte, error) { return make([]byte, n), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func random(rows, cols int) accel.Tensor {
	x := accel.Tensor{Data: make([]float32, rows*cols), Rows: rows, Cols: cols}
	for i := range x.Data {
		x.Data[i] = float32(rand.NormFloat64())
	}
	return x
}

// TestAttendSplits compares a context shared among many workers with one
// worker's reading of it.
func TestAttendSplits(t *testing.T) {
	for _, tt := range []struct {
		kvHeads, heads, dim, n, window int
	}{
		{1, 4, 16, 511, 0},
		{1, 4, 16, 512, 0},
		{3, 6, 32, 1000, 0},
		{5, 5, 8, 2049, 0},
		{1, 8, 64, 1500, 700},
		{1, 2, 64, 1500, 40},
	} {
		kv := &accel.KV{Shape: accel.KVShape{Type: accel.KVF32, Heads: tt.kvHeads, DK: tt.dim, DV: tt.dim}}
		one, many := newTestBackend(t, 1), newTestBackend(t, 4)
		for range (tt.n + accel.KVBlock - 1) / accel.KVBlock {
			kv.Blocks = append(kv.Blocks, make([]byte, one.KVBlockBytes(kv.Shape)))
		}
		one.Store(kv, random(tt.n, tt.kvHeads*tt.dim), random(tt.n, tt.kvHeads*tt.dim), 0)
		q := random(1, tt.heads*tt.dim)
		want, got := random(1, q.Cols), random(1, q.Cols)
		a := &accel.Attention{Scale: 0.3, Window: tt.window}
		one.Attend(want, q, kv, tt.n-1, a)
		many.Attend(got, q, kv, tt.n-1, a)
		for i := range want.Data {
			if d := math.Abs(float64(want.Data[i] - got.Data[i])); !(d < 1e-5) {
				t.Fatalf("%+v: value %d is %g, want %g", tt, i, got.Data[i], want.Data[i])
			}
		}
	}
}
