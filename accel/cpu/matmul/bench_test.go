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

// Decode: one vector, weights from the second cache, the third and memory.
// GB/s is a core's: from cache it shows what unpacking costs, from memory what
// is left to gain.
func BenchmarkDecode(b *testing.B) {
	for _, level := range []struct {
		name  string
		bytes int
	}{{"L2", 512 << 10}, {"L3", 6 << 20}, {"memory", 256 << 20}} {
		for _, typ := range nativeTypes() {
			for _, tier := range Tiers() {
				if tier == "generic" {
					continue
				}
				b.Run(fmt.Sprintf("%s/%v/%s", level.name, typ, tier), func(b *testing.B) {
					const cols = 2048
					vals, size := typ.Block()
					rows := level.bytes / (cols / vals * size) &^ 15
					benchMul(b, typ, tier, rows, cols, 1)
				})
			}
		}
	}
}

// A matrix of a large layer, by one vector, a few and a batch: what the tiers
// do with weights from the last cache. GMAC/s is a core's.
func BenchmarkTiers(b *testing.B) {
	for _, typ := range []gguf.Type{gguf.Q4_K, gguf.Q8_0, gguf.Q4_0, gguf.Q6_K} {
		for _, n := range []int{1, 8, 96} {
			for _, tier := range Tiers() {
				if tier == "generic" {
					continue
				}
				b.Run(fmt.Sprintf("%v/%d/%s", typ, n, tier), func(b *testing.B) {
					benchMul(b, typ, tier, 4096, 4096, n)
				})
			}
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
			k.Mul(dst, ldd, w, acts, n, cols, r, to, 0, n, w[to%rows/Rows*k.rowBlock(cols):])
			if to-r == min(chunk, rows) { // the rest is too short to time
				best.add(time.Since(start), to-r)
			}
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

// PrepareActs of 192 vectors; ns/value is what a core spends on each.
func BenchmarkPrepareActs(b *testing.B) {
	const n, cols = 192, 2048
	x := randomVectors(rand.New(rand.NewPCG(1, 1)), n, cols)
	for kind, name := range []string{"float", "int8"} {
		kind := ActKind(kind)
		acts := offHeap(b, n*kind.vectorBytes(cols))
		for _, tier := range Tiers() {
			b.Run(name+"/"+tier, func(b *testing.B) {
				restore, err := SetTier(tier)
				if err != nil {
					b.Fatal(err)
				}
				defer restore()
				var best fastest
				for b.Loop() {
					start := time.Now()
					PrepareActs(kind, acts, x, cols, n, cols, 0, n)
					best.add(time.Since(start), 1)
				}
				b.ReportMetric(1/best.perNano()/(n*cols), "ns/value")
			})
		}
	}
}

// Pack, from memory to memory. GB/s is a core's.
func BenchmarkPack(b *testing.B) {
	const cols = 2048
	for _, typ := range append(nativeTypes(), gguf.IQ2_XS, gguf.IQ3_S) {
		for _, tier := range Tiers() {
			b.Run(fmt.Sprintf("%v/%s", typ, tier), func(b *testing.B) {
				restore, err := SetTier(tier)
				if err != nil {
					b.Fatal(err)
				}
				defer restore()
				k, err := For(typ)
				if err != nil {
					b.Fatal(err)
				}
				vals, size := typ.Block()
				row := cols / vals * size
				rows := 64 << 20 / row &^ 15
				src, dst := offHeap(b, rows*row), offHeap(b, k.PackedBytes(rows, cols))
				if k.decode {
					rows = 256
				}
				clear(dst)
				var best fastest
				step := max(Rows, 4<<20/row&^15)
				for b.Loop() {
					for r := 0; r < rows; r += step {
						m, start := min(step, rows-r), time.Now()
						k.Pack(dst[r/Rows*k.rowBlock(cols):], src[r*row:], m, cols)
						best.add(time.Since(start), m)
					}
				}
				b.ReportMetric(best.perNano()*float64(row), "GB/s")
			})
		}
	}
}
