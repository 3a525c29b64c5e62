package matmul

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/gguf/refs"
)

// TestReferenceBlocks multiplies the reference blocks of every type, and
// compares with float64 products of their reference values.
func TestReferenceBlocks(t *testing.T) {
	const rows, cols = 4, 1024
	dir := refs.Dir(t, "quant")
	files, err := filepath.Glob(filepath.Join(dir, "*.bin"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no blocks in %s: %v", dir, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".bin")
		t.Run(name, func(t *testing.T) {
			typ, ok := gguf.ParseType(strings.TrimSuffix(name, ".rand"))
			if !ok {
				t.Fatalf("unknown type %s", name)
			}
			src := readFile(t, file)
			w := floats(readFile(t, strings.TrimSuffix(file, ".bin")+".f32"))
			x := randomVectors(rand.New(rand.NewPCG(1, 2)), 3, cols)
			for _, tier := range Tiers() {
				got := on(t, tier, typ, src, x, rows, 3, cols)
				for i := range 3 {
					for r := range rows {
						row := w[r*cols : (r+1)*cols]
						want, limit := dot(row, x[i*cols:(i+1)*cols])
						if math.Abs(want-float64(got[i*rows+r])) > limit {
							t.Errorf("%s: row %d vector %d: %g, want %g ± %g", tier, r, i, got[i*rows+r], want, limit)
						}
					}
				}
			}
		})
	}
}

// TestTypesWithoutReference does the same for blocks of random bits, decoded.
func TestTypesWithoutReference(t *testing.T) {
	const rows, cols = 5, 512
	for _, typ := range []gguf.Type{gguf.F32, gguf.Q1_0, gguf.Q2_0} {
		rng := rand.New(rand.NewPCG(3, uint64(typ)))
		src, x := randomWeights(typ, rng, rows, cols), randomVectors(rng, 2, cols)
		vals, size := typ.Block()
		for i := 0; i < len(src) && vals > 1; i += size { // both begin with a scale
			src[i+1] = src[i+1]&0x80 | 0x38
		}
		w := make([]float32, rows*cols)
		if err := gguf.Decode(typ, w, src); err != nil {
			t.Fatal(err)
		}
		for _, tier := range Tiers() {
			got := on(t, tier, typ, src, x, rows, 2, cols)
			for i := range got {
				want, limit := dot(w[i%rows*cols:][:cols], x[i/rows*cols:][:cols])
				if math.Abs(want-float64(got[i])) > limit {
					t.Errorf("%s on %s: row %d vector %d: %g, want %g ± %g", typ, tier, i%rows, i/rows, got[i], want, limit)
				}
			}
		}
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func floats(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}

func randomVectors(rng *rand.Rand, n, cols int) []float32 {
	x := make([]float32, n*cols)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// product packs, prepares and multiplies: dst[t*rows+r].
func product(k *Kernel, src []byte, x []float32, rows, n, cols int) []float32 {
	w := make([]byte, k.PackedBytes(rows, cols))
	k.Pack(w, src, rows, cols)
	acts := make([]byte, k.ActBytes(n, cols))
	PrepareActs(k.ActKind(), acts, x, cols, n, cols, 0, n)
	dst := make([]float32, n*rows)
	k.Mul(dst, rows, w, acts, n, cols, 0, rows, 0, n, nil)
	return dst
}

// dot is the float64 product, and a limit for its error when x is rounded to
// 127 steps: four standard deviations.
func dot(w, x []float32) (sum, limit float64) {
	var square, top float64
	for i := range w {
		sum += float64(w[i]) * float64(x[i])
		square += float64(w[i]) * float64(w[i])
		top = max(top, math.Abs(float64(x[i])))
	}
	return sum, 4 * math.Sqrt(square/12) * top / 127
}
