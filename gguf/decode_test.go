package gguf_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/gguf/refs"
)

// checkDecode compares blocks with the values that another implementation
// reads in them. Both files are path with another ending.
func checkDecode(t *testing.T, path string, typ gguf.Type) {
	src, err := os.ReadFile(path + ".bin")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path + ".f32")
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, len(raw)/4)
	if err := gguf.Decode(typ, got, src); err != nil {
		t.Fatal(err)
	}
	for i, g := range got {
		if want := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])); g != want {
			t.Fatalf("%s: value %d is %g, want %g", filepath.Base(path), i, g, want)
		}
	}
}

// checkDecodeAll checks every pair of files in a folder, named TYPE.bin or
// TYPE.rand.bin.
func checkDecodeAll(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.bin"))
	if err != nil {
		t.Fatal(err)
	}
	var seen []gguf.Type
	for _, path := range files {
		path = strings.TrimSuffix(path, ".bin")
		typ, ok := gguf.ParseType(strings.TrimSuffix(filepath.Base(path), ".rand"))
		if !ok {
			t.Fatalf("%s is no type", path)
		}
		checkDecode(t, path, typ)
		seen = append(seen, typ)
	}
	without := []gguf.Type{gguf.F32, gguf.Q1_0, gguf.Q2_0} // tested below
	for typ := range gguf.Type(64) {
		if gguf.Decodable(typ) && !slices.Contains(seen, typ) && !slices.Contains(without, typ) {
			t.Errorf("no file of %s", typ)
		}
	}
}

// The files hold random bits under sane scales, so every code point occurs.
func TestDecode(t *testing.T) { checkDecodeAll(t, filepath.Join("testdata", "decode")) }

func TestDecodeMatchesReferences(t *testing.T) { checkDecodeAll(t, refs.Dir(t, "quant")) }

func TestDecodeByHand(t *testing.T) {
	// Blocks of scale 2: 16 bytes of bits, of which all but a few are zero.
	q1 := []byte{0: 0x00, 1: 0x40, 2: 0b0000_0101, 17: 0x80}
	want1 := slices.Repeat([]float32{-2}, 128)
	want1[0], want1[2], want1[127] = 2, 2, 2
	q2 := []byte{0: 0x00, 1: 0x40, 2: 0b11_10_01_00, 17: 0}
	want2 := slices.Repeat([]float32{-2}, 64)
	copy(want2, []float32{-2, 0, 2, 4})
	for _, c := range []struct {
		typ  gguf.Type
		src  []byte
		want []float32
	}{
		{gguf.F32, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}, []float32{1, -2}},
		{gguf.Q1_0, q1, want1},
		{gguf.Q2_0, q2, want2},
	} {
		got := make([]float32, len(c.want))
		if err := gguf.Decode(c.typ, got, c.src); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.typ, got, err, c.want)
		}
	}
}

// Every float16 is the value that its definition gives.
func TestDecodeF16(t *testing.T) {
	for h := range 1 << 16 {
		var got [1]float32
		if err := gguf.Decode(gguf.F16, got[:], binary.LittleEndian.AppendUint16(nil, uint16(h))); err != nil {
			t.Fatal(err)
		}
		exp, frac := h>>10&31, float64(h&1023)
		var want float64
		switch {
		case exp == 31 && frac != 0:
			want = math.NaN()
		case exp == 31:
			want = math.Inf(1)
		case exp == 0:
			want = math.Ldexp(frac, -24)
		default:
			want = math.Ldexp(1024+frac, exp-25)
		}
		if h>>15 != 0 {
			want = -want
		}
		same := got[0] == float32(want) && math.Signbit(float64(got[0])) == math.Signbit(want)
		if !same && !(math.IsNaN(want) && got[0] != got[0]) {
			t.Fatalf("%#04x is %g, want %g", h, got[0], want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		typ         gguf.Type
		values, src int
	}{
		{gguf.Q4_0, 33, 100},
		{gguf.Q4_0, 64, 35},
		{gguf.NVFP4, 64, 36},
		{gguf.Q8_K, 256, 292},
		{gguf.I32, 1, 4},
		{4, 32, 100},
		{1 << 31, 32, 100},
	} {
		if err := gguf.Decode(c.typ, make([]float32, c.values), make([]byte, c.src)); err == nil {
			t.Errorf("%d bytes decoded to %d values of %s", c.src, c.values, c.typ)
		}
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	dst, src := make([]float32, 1024), make([]byte, 4096)
	for typ := range gguf.Type(64) {
		if !gguf.Decodable(typ) {
			continue
		}
		if n := testing.AllocsPerRun(10, func() { _ = gguf.Decode(typ, dst, src) }); n != 0 {
			t.Errorf("%s: %g allocations", typ, n)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	dst, src := make([]float32, 4096), make([]byte, 4*4096)
	for typ := range gguf.Type(64) {
		if !gguf.Decodable(typ) {
			continue
		}
		b.Run(typ.String(), func(b *testing.B) {
			n, _ := typ.Bytes(int64(len(dst)))
			b.SetBytes(n)
			for b.Loop() {
				_ = gguf.Decode(typ, dst, src)
			}
		})
	}
}
