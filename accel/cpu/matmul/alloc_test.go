package matmul

import (
	"math/rand/v2"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

func TestMulDoesNotAllocate(t *testing.T) {
	const rows, cols = 40, 512
	rng := rand.New(rand.NewPCG(3, 3))
	for _, typ := range []gguf.Type{gguf.Q4_K, gguf.Q8_0, gguf.F16} {
		k, err := For(typ)
		if err != nil {
			t.Fatal(err)
		}
		w := make([]byte, k.PackedBytes(rows, cols))
		k.Pack(w, randomWeights(typ, rng, rows, cols), rows, cols)
		for _, n := range []int{1, 9} {
			x, dst := randomVectors(rng, n, cols), make([]float32, n*rows)
			acts := make([]byte, k.ActBytes(n, cols))
			if got := testing.AllocsPerRun(20, func() {
				PrepareActs(k.ActKind(), acts, x, cols, n, cols, 0, n)
				k.Mul(dst, rows, w, acts, n, cols, 0, rows, 0, n, nil)
			}); got != 0 {
				t.Errorf("%v, %d vectors: %v allocations", typ, n, got)
			}
		}
	}
}
