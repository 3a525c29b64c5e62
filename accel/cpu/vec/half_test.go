package vec

import (
	"math"
	"testing"
)

// halfRef rounds by searching the binary16 numbers in float64.
func halfRef(f float32) uint16 {
	sign := uint16(math.Float32bits(f) >> 16 & 0x8000)
	a := math.Abs(float64(f))
	value := func(h int) float64 { return float64(float(uint16(h))) }
	lo, hi := 0, 0x7c00 // Inf
	for lo+1 < hi {
		if mid := (lo + hi) / 2; value(mid) <= a {
			lo = mid
		} else {
			hi = mid
		}
	}
	next := value(hi)
	if hi == 0x7c00 {
		next = 65536
	}
	switch up, down := next-a, a-value(lo); {
	case a >= next || up < down || up == down && lo&1 == 1:
		return sign | uint16(hi)
	}
	return sign | uint16(lo)
}

func TestHalf(t *testing.T) { everyTier(t, testHalf) }

func testHalf(t *testing.T) {
	var all [1 << 16]uint16
	var wide [1 << 16]float32
	for i := range all {
		all[i] = uint16(i)
	}
	FloatFromHalf(wide[:], all[:])
	for i, f := range wide {
		e, m := i>>10&31, float64(i&1023)
		want := math.Ldexp(m, -24)
		switch {
		case e == 31 && m == 0:
			want = math.Inf(1)
		case e == 31:
			want = math.NaN()
		case e > 0:
			want = math.Ldexp(1024+m, e-25)
		}
		if i >= 1<<15 {
			want = -want
		}
		near(t, "FloatFromHalf", f, want, 0, 0)
	}
	var back [1 << 16]uint16
	HalfFromFloat(back[:], wide[:])
	for i, h := range back {
		if e, m := i>>10&31, i&1023; e == 31 && m != 0 {
			if h>>10&31 != 31 || h&1023 == 0 {
				t.Fatalf("NaN %#x became %#x", i, h)
			}
		} else if int(h) != i {
			t.Fatalf("%#x became %#x", i, h)
		}
	}
	x := sweep(99991)
	for i := 0; i < 0x7c00; i++ { // ties and their neighbours
		mid := (float(uint16(i)) + float(uint16(min(i+1, 0x7bff)))) / 2
		x = append(x, mid, -mid, math.Nextafter32(mid, 0), math.Nextafter32(mid, 1e9))
	}
	x = append(x, 65504, 65519.996, 65520, 0x1p-25, 0x1.000002p-25)
	h := make([]uint16, len(x))
	HalfFromFloat(h, x)
	for i, f := range x {
		if f == f && h[i] != halfRef(f) {
			t.Fatalf("%v became %#x, want %#x", f, h[i], halfRef(f))
		}
	}
}

func TestBF16(t *testing.T) { everyTier(t, testBF16) }

func testBF16(t *testing.T) {
	x := sweep(9973)
	h := make([]uint16, len(x))
	back := make([]float32, len(x))
	BF16FromFloat(h, x)
	FloatFromBF16(back, h)
	for i, f := range x {
		b := uint64(math.Float32bits(f))
		want := uint16((b + 0x7fff + b>>16&1) >> 16)
		if f != f {
			if back[i] == back[i] {
				t.Fatalf("NaN became %v", back[i])
			}
			continue
		}
		if h[i] != want || math.Float32bits(back[i]) != uint32(want)<<16 {
			t.Fatalf("%v became %#x, want %#x", f, h[i], want)
		}
	}
}
