package vec

import (
	"encoding/binary"
	"math"
	"testing"
)

// everyTier runs f on each instruction set that this machine has.
func everyTier(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	for _, name := range tiers {
		restore, err := SetTier(name)
		if err != nil {
			t.Log(err)
			continue
		}
		t.Run(name, f)
		restore()
	}
}

func TestSetTier(t *testing.T) {
	before := Tier()
	restore, err := SetTier("generic")
	if err != nil || Tier() != "generic" {
		t.Fatalf("SetTier(generic): %v, now %s", err, Tier())
	}
	restore()
	if Tier() != before {
		t.Errorf("restored to %s, was %s", Tier(), before)
	}
	if _, err := SetTier("mmx"); err == nil || Tier() != before {
		t.Errorf("SetTier(mmx) = %v, now %s", err, Tier())
	}
}

// inPlace is every function of one input; the second is the same in all
// tests.
var inPlace = []struct {
	name string
	f    func(x, y []float32)
}{
	{"Add", Add},
	{"Mul", Mul},
	{"AddScaled", func(x, y []float32) { AddScaled(x, y, 1.5) }},
	{"Scale", func(x, _ []float32) { Scale(x, -0.7) }},
	{"Exp", func(x, _ []float32) { Exp(x, x) }},
	{"SiLU", func(x, _ []float32) { SiLU(x, x) }},
	{"SiLUMul", func(x, y []float32) { SiLUMul(x, x, y) }},
	{"GELU", func(x, _ []float32) { GELU(x, x) }},
	{"GELUMul", func(x, y []float32) { GELUMul(x, x, y) }},
	{"GELUErf", func(x, _ []float32) { GELUErf(x, x) }},
	{"GELUErfMul", func(x, y []float32) { GELUErfMul(x, x, y) }},
	{"SigmoidMul", func(x, y []float32) { SigmoidMul(x, x, y) }},
	{"ClampedSwiGLU", func(x, y []float32) { ClampedSwiGLU(x, x, y, 7) }},
	{"SoftCap", func(x, _ []float32) { SoftCap(x, 30) }},
	{"Rope", func(x, y []float32) { Rope(x[:len(x)/2*2], y[:len(x)/2], y[len(y)/2:][:len(x)/2], false) }},
	{"RopeInterleaved", func(x, y []float32) { Rope(x[:len(x)/2*2], y[:len(x)/2], y[len(y)/2:][:len(x)/2], true) }},
	{"Half", func(x, _ []float32) { half16(x, HalfFromFloat, FloatFromHalf) }},
	{"BF16", func(x, _ []float32) { half16(x, BF16FromFloat, FloatFromBF16) }},
	{"Max", func(x, _ []float32) { x[0] = Max(x) }},
	{"MaxAbs", func(x, _ []float32) { x[0] = MaxAbs(x) }},
	{"ArgMax", func(x, _ []float32) { x[0] = float32(ArgMax(x)) }},
}

func half16(x []float32, narrow func([]uint16, []float32), widen func([]float32, []uint16)) {
	h := make([]uint16, len(x))
	narrow(h, x)
	widen(x, h)
}

// FuzzTiers feeds any bits to every function and wants each tier to agree with
// the loop in Go: on NaN and Inf exactly, otherwise to a few units in the last
// place of the result or of what it is the sum of.
func FuzzTiers(f *testing.F) {
	specials := []uint32{0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 1, 0x42b17218, 0xc2aeac50, 0x3f800000, 0xc1200000}
	var seed []byte
	for _, bits := range specials {
		for range 5 {
			seed = binary.LittleEndian.AppendUint32(seed, bits)
			bits += 3
		}
	}
	for op := range inPlace {
		f.Add(uint8(op), seed)
		f.Add(uint8(op), seed[:4*17])
	}
	f.Fuzz(func(t *testing.T, op uint8, data []byte) {
		n := min(len(data)/4, 600)
		if n == 0 {
			return
		}
		x, y, got := guarded[float32](t, n), guarded[float32](t, n), guarded[float32](t, n)
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
			y[i] = float32(i%13) - 5.5
		}
		fn := inPlace[int(op)%len(inPlace)]
		want := append([]float32(nil), x...)
		reset, err := SetTier("generic")
		if err != nil {
			t.Fatal(err)
		}
		fn.f(want, y)
		reset()
		for _, name := range tiers[1:] {
			restore, err := SetTier(name)
			if err != nil {
				continue
			}
			copy(got, x)
			fn.f(got, y)
			restore()
			for i := range got {
				if !agree(got[i], want[i], x[i], y[i]) {
					t.Fatalf("%s on %s: [%d] of %d is %v, the reference gives %v (x %v, y %v)", fn.name, name, i, n, got[i], want[i], x[i], y[i])
				}
			}
		}
	})
}

func agree(got, want, x, y float32) bool {
	if got == want || got != got && want != want {
		return true
	}
	size := max(math.Abs(float64(want)), 1e-30)
	if math.Abs(float64(x)) < 1e30 { // a sum of products may cancel
		size = max(size, 0.1*math.Abs(float64(x)*float64(y)))
	}
	return math.Abs(float64(got)-float64(want)) <= 1e-6*size
}

func BenchmarkTiers(b *testing.B) {
	const n = 4096
	x, y, from := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range from {
		from[i], y[i] = float32(i%17)-8, float32(i%5)-2
	}
	for _, name := range tiers {
		restore, err := SetTier(name)
		if err != nil {
			continue
		}
		for _, fn := range inPlace {
			b.Run(name+"/"+fn.name, func(b *testing.B) {
				b.SetBytes(4 * n)
				for b.Loop() {
					copy(x, from) // else a product runs into denormals
					fn.f(x, y)
				}
			})
		}
		restore()
	}
}
