package matmul

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/runnel-chat/runnel/gguf"
)

// Prefill: 192 vectors, weights from the caches. GMAC/s is a core's.
func BenchmarkPrefill(b *testing.B) {
	for _, typ := range nativeTypes() {
		for _, cols := range []int{2048, 5632} {
			for _, tier := range Tiers() {
				if tier == "generic" {
					continue
				}
				b.Run(fmt.Sprintf("%v/%d/%s", typ, cols, tier), func(b *testing.B) {
					benchMul(b, typ, tier, 128, cols, 192)
				})
			}
		}
	}
}

// Decode: one vector, weights from memory, 8 MiB at a time. GB/s is a core's.
func BenchmarkDecode(b *testing.B) {
	for _, typ := range nativeTypes() {
		for _, tier := range Tiers() {
			if tier == "generic" {
				continue
			}
			b.Run(fmt.Sprintf("%v/%s", typ, tier), func(b *testing.B) {
				const cols = 2048
				vals, size := typ.Block()
				rows := 256 << 20 / (cols / vals * size) &^ 15
				benchMul(b, typ, tier, rows, cols, 1)
			})
		}
	}
}

// benchMul runs over all rows in chunks, as the engine deals them.
func benchMul(b *testing.B, typ gguf.Type, tier string, rows, cols, n int) {
	restore, err := SetTier(tier)
	if err != nil {
		b.Fatal(err)
	}
	defer restore()
	k, err := For(typ)
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	w := offHeap(b, k.PackedBytes(rows, cols))
	one := make([]byte, k.PackedBytes(64, cols))
	k.Pack(one, randomWeights(typ, rng, 64, cols), 64, cols)
	for i := 0; i < len(w); i += copy(w[i:], one) {
	}
	x := randomVectors(rng, n, cols)
	acts := offHeap(b, k.ActBytes(n, cols))
	PrepareActs(k.ActKind(), acts, x, cols, n, cols, 0, n)
	ldd := max(rows, 2048) // as far apart as in a real matrix
	dst := make([]float32, n*ldd)
	chunk := 64
	if n == 1 {
		chunk = 8 << 20 / k.PackedBytes(Rows, cols) * Rows
	}
	var best fastest
	for b.Loop() {
		for r := 0; r < rows; r += chunk {
			to, start := min(r+chunk, rows), time.Now()
			k.Mul(dst, ldd, w, acts, n, cols, r, to, 0, n)
			best.add(time.Since(start), to-r)
		}
	}
	b.ReportMetric(best.perNano()*float64(cols*n), "GMAC/s")
	b.ReportMetric(best.perNano()*float64(k.PackedBytes(Rows, cols))/Rows, "GB/s")
}

// fastest keeps the best speed seen: what the code does when the machine has
// nothing else to do for a moment.
type fastest struct{ rows, nanos float64 }

func (f *fastest) add(d time.Duration, rows int) {
	if float64(rows)*f.nanos > f.rows*float64(d) || f.nanos == 0 {
		f.rows, f.nanos = float64(rows), float64(d)
	}
}

func (f *fastest) perNano() float64 { return f.rows / f.nanos }
