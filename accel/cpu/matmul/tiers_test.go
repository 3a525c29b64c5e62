package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

// sane sets the scales of random blocks of a type to numbers near 1.
func sane(t gguf.Type, rng *rand.Rand, b []byte) {
	half := func(off int) { // ±[2^-4, 2)
		b[off], b[off+1] = byte(rng.Uint32()), byte(rng.IntN(2)<<7|0x2c+rng.IntN(20))
	}
	switch t {
	case gguf.Q4_0, gguf.Q5_0, gguf.Q8_0, gguf.IQ4_NL, gguf.IQ4_XS, gguf.F16:
		half(0)
	case gguf.Q4_1, gguf.Q5_1, gguf.Q4_K, gguf.Q5_K:
		half(0)
		half(2)
	case gguf.Q2_K:
		half(80)
		half(82)
	case gguf.Q3_K:
		half(108)
	case gguf.Q6_K:
		half(208)
	case gguf.MXFP4:
		b[0] = byte(120 + rng.IntN(10))
	case gguf.BF16:
		b[1] = byte(rng.IntN(2)<<7 | 0x3e + rng.IntN(2))
	case gguf.F32:
		b[3] = byte(rng.IntN(2)<<7 | 0x3e + rng.IntN(2))
	}
}

// randomWeights returns rows of blocks of random bits with sane scales.
func randomWeights(t gguf.Type, rng *rand.Rand, rows, cols int) []byte {
	vals, size := t.Block()
	w := make([]byte, rows*cols/vals*size)
	for i := range w {
		w[i] = byte(rng.Uint32())
	}
	for i := 0; i < len(w); i += size {
		sane(t, rng, w[i:i+size])
	}
	return w
}

func nativeTypes() (types []gguf.Type) {
	for t := range gguf.Type(64) {
		if formats[t] != nil {
			types = append(types, t)
		}
	}
	return types
}

// TestTiersAgree compares every tier with the reference: all types, group
// sizes, partial blocks of rows and columns.
func TestTiersAgree(t *testing.T) {
	for _, typ := range nativeTypes() {
		for _, name := range Tiers() {
			t.Run(fmt.Sprint(typ, "/", name), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(7, uint64(typ)))
				vals, _ := typ.Block()
				for i := range 12 {
					rows, n := 1+rng.IntN(70), 1+rng.IntN(25)
					cols := vals * (1 + rng.IntN(8))
					switch {
					case vals == 1:
						cols = 1 + rng.IntN(200)
					case vals == 32 && i%4 == 3:
						cols = 32 * (1 + rng.IntN(40))
					}
					if i%3 == 0 {
						n = 1
					}
					compare(t, typ, name, rng, rows, n, cols)
				}
			})
		}
	}
}

// compare multiplies random weights on the reference and on a tier.
func compare(t *testing.T, typ gguf.Type, tier string, rng *rand.Rand, rows, n, cols int) {
	t.Helper()
	src, x := randomWeights(typ, rng, rows, cols), randomVectors(rng, n, cols)
	want := on(t, "generic", typ, src, x, rows, n, cols)
	got := on(t, tier, typ, src, x, rows, n, cols)
	var top float64
	for i := range want {
		top = max(top, math.Abs(float64(want[i])))
	}
	bad := 0
	for i := range want {
		if e := math.Abs(float64(got[i] - want[i])); !(e <= 2e-6*top) {
			if bad++; bad < 5 {
				t.Errorf("%d rows, %d vectors, %d columns: row %d vector %d is %g, want %g", rows, n, cols, i%rows, i/rows, got[i], want[i])
			}
		}
	}
	if bad > 0 {
		t.Fatalf("%d of %d differ", bad, len(want))
	}
}

func on(t *testing.T, tier string, typ gguf.Type, src []byte, x []float32, rows, n, cols int) []float32 {
	t.Helper()
	restore, err := SetTier(tier)
	if err != nil {
		t.Fatal(err)
	}
	defer restore()
	k, err := For(typ)
	if err != nil {
		t.Fatal(err)
	}
	return product(k, src, x, rows, n, cols)
}
