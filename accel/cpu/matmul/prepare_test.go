package matmul

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

// TestPrepareActsAgree compares the prepared bytes of every tier.
func TestPrepareActsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		n, cols := 1+rng.IntN(20), 1+rng.IntN(700)
		kind := ActKind(rng.IntN(ActKinds))
		x := randomVectors(rng, n, cols)
		for i := range x {
			switch rng.IntN(40) {
			case 0:
				x[i] *= 1000
			case 1:
				x[i] = 0
			}
		}
		if rng.IntN(8) == 0 {
			clear(x[:min(len(x), 300)])
		}
		want := prepared(t, "generic", kind, x, n, cols)
		for _, tier := range Tiers() {
			if got := prepared(t, tier, kind, x, n, cols); !bytes.Equal(got, want) {
				for i := range got {
					if got[i] != want[i] {
						t.Fatalf("%s: %d vectors of %d: byte %d of %d is %#x, want %#x", tier, n, cols, i, len(got), got[i], want[i])
					}
				}
			}
		}
	}
}

func prepared(t *testing.T, tier string, kind ActKind, x []float32, n, cols int) []byte {
	t.Helper()
	restore, err := SetTier(tier)
	if err != nil {
		t.Fatal(err)
	}
	defer restore()
	b := make([]byte, n*kind.vectorBytes(cols)+8)
	b[len(b)-1] = 77
	for from := 0; from < n; from += 2 * ActGroup { // as two workers would
		PrepareActs(kind, b[:len(b)-8], x, cols, n, cols, from, min(from+2*ActGroup, n))
	}
	if b[len(b)-1] != 77 {
		t.Errorf("%s: written past the end", tier)
	}
	return b
}

// TestNaNReachesTheResult: a broken activation must not become a plausible
// number.
func TestNaNReachesTheResult(t *testing.T) {
	for _, tier := range Tiers() {
		for _, typ := range []gguf.Type{gguf.Q4_K, gguf.Q6_K, gguf.Q8_0, gguf.F16} {
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
				rng := rand.New(rand.NewPCG(1, 9))
				x := randomVectors(rng, 2, 256)
				x[256+77] = bad
				got := on(t, tier, typ, randomWeights(typ, rng, 16, 256), x, 16, 2, 256)
				for r, v := range got[16:] {
					if !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) {
						t.Fatalf("%s %v: %v became %g in row %d", tier, typ, bad, v, r)
					}
				}
				for r, v := range got[:16] {
					if math.IsNaN(float64(v)) {
						t.Fatalf("%s %v: row %d of the other vector is %g", tier, typ, r, v)
					}
				}
			}
		}
	}
}

// TestPackAgrees compares the packed bytes of every tier.
func TestPackAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for _, typ := range nativeTypes() {
		vals, _ := typ.Block()
		for range 10 {
			rows, cols := 1+rng.IntN(70), vals*(1+rng.IntN(5))
			if vals == 1 {
				cols = 1 + rng.IntN(99)
			}
			src := randomWeights(typ, rng, rows, cols)
			want := packed(t, "generic", typ, src, rows, cols)
			for _, tier := range Tiers() {
				if !bytes.Equal(packed(t, tier, typ, src, rows, cols), want) {
					t.Errorf("%s: %v of %d by %d differs", tier, typ, rows, cols)
				}
			}
		}
	}
}

func packed(t *testing.T, tier string, typ gguf.Type, src []byte, rows, cols int) []byte {
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
	w := make([]byte, k.PackedBytes(rows, cols))
	for i := range w {
		w[i] = 0xa5
	}
	k.Pack(w, src, rows, cols)
	return w
}
