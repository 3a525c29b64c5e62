package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/runnel-chat/runnel/gguf"
)

// edges multiplies in guarded memory: every buffer ends where an unreadable
// page begins, or begins where one ends.
type edges struct{ src, x, w, acts, dst guarded }

func newEdges(t testing.TB) *edges {
	g := func() guarded { return newGuarded(t, 1<<20) }
	return &edges{g(), g(), g(), g(), g()}
}

// place returns n bytes at an end of the memory.
func (g guarded) place(n int, behind bool) []byte {
	if behind {
		return g[len(g)-n:]
	}
	return g[:n:n]
}

func asFloats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

const canary = 0x7fedcba9

// mul packs, prepares and multiplies on the running tier; ldd is rows+3.
func (e *edges) mul(t testing.TB, typ gguf.Type, src []byte, x []float32, rows, n, cols int, behind bool) []float32 {
	t.Helper()
	k, err := For(typ)
	if err != nil {
		t.Fatal(err)
	}
	from := e.src.place(len(src), behind)
	copy(from, src)
	w := e.w.place(k.PackedBytes(rows, cols), behind)
	k.Pack(w, from, rows, cols)
	in := asFloats(e.x.place(4*n*cols, behind))
	copy(in, x)
	acts := e.acts.place(k.ActBytes(n, cols), behind)
	PrepareActs(k.ActKind(), acts, in, cols, n, cols, 0, n)
	ldd := rows + 3
	dst := asFloats(e.dst.place(4*((n-1)*ldd+rows), behind))
	for i := range dst {
		dst[i] = math.Float32frombits(canary)
	}
	k.Mul(dst, ldd, w, acts, n, cols, 0, rows, 0, n, nil)
	for i, v := range dst {
		if i%ldd >= rows && math.Float32bits(v) != canary {
			t.Fatalf("written behind row %d of vector %d", rows, i/ldd)
		}
	}
	return dst
}

// same compares, bit for bit, with the reference of more rows.
func same(t testing.TB, got, want []float32, rows, n, ldw int) {
	t.Helper()
	for i := range n {
		for r := range rows {
			g, w := got[i*(rows+3)+r], want[i*ldw+r]
			if math.Float32bits(g) != math.Float32bits(w) && !(g != g && w != w) {
				t.Fatalf("row %d vector %d is %g, want %g", r, i, g, w)
			}
		}
	}
}

// most are the rows and vectors of the references; results do not depend on
// how many there are, so one reference serves all.
const mostRows, mostVectors = 49, 13

func eachTier(t *testing.T, f func(t *testing.T, tier string)) {
	for _, tier := range Tiers() {
		if tier == generic.name {
			continue
		}
		t.Run(tier, func(t *testing.T) {
			restore, err := SetTier(tier)
			if err != nil {
				t.Fatal(err)
			}
			defer restore()
			f(t, tier)
		})
	}
}

// edgeTypes are the types with kernels of their own, and one that is recoded.
func edgeTypes() []gguf.Type { return append(nativeTypes(), gguf.IQ3_XXS) }

// lengths are the columns to try: every length to 257 in the type's steps, and
// around the width of a panel.
func lengths(typ gguf.Type) (cols []int) {
	vals, _ := typ.Block()
	for n := vals; n <= 257 || n <= 2*vals; n += vals {
		cols = append(cols, n)
	}
	if vals > 1 {
		cols = append(cols, 3*max(vals, 160), panelCols+max(vals, 32))
	}
	return cols
}

// TestLengths tries every length with varying numbers of rows and vectors.
func TestLengths(t *testing.T) {
	e := newEdges(t)
	for _, typ := range edgeTypes() {
		rng := rand.New(rand.NewPCG(11, uint64(typ)))
		vals, size := typ.Block()
		for i, cols := range lengths(typ) {
			rows, n := 1+(cols/vals*7+i)%mostRows, 1+(cols/vals*5)%mostVectors
			src, x := randomWeights(typ, rng, rows, cols), randomVectors(rng, n, cols)
			want := on(t, generic.name, typ, src, x, rows, n, cols)
			one := want[:rows]
			t.Run(fmt.Sprint(typ, "/", cols), func(t *testing.T) {
				eachTier(t, func(t *testing.T, _ string) {
					behind := i%2 == 0
					same(t, e.mul(t, typ, src, x, rows, n, cols, behind), want, rows, n, rows)
					last := src[(rows-1)*cols/vals*size:]
					same(t, e.mul(t, typ, src, x, rows, 1, cols, !behind), one, rows, 1, rows)
					same(t, e.mul(t, typ, last, x, 1, 1, cols, behind), one[rows-1:], 1, 1, 1)
				})
			})
		}
	}
}

// TestShapes tries all numbers of rows and vectors, at both ends of memory.
func TestShapes(t *testing.T) {
	e := newEdges(t)
	for _, typ := range edgeTypes() {
		rng := rand.New(rand.NewPCG(12, uint64(typ)))
		vals, size := typ.Block()
		cols := max(vals, 64)
		if vals == 1 {
			cols = 7
		}
		src, x := randomWeights(typ, rng, mostRows, cols), randomVectors(rng, mostVectors, cols)
		want := on(t, generic.name, typ, src, x, mostRows, mostVectors, cols)
		t.Run(fmt.Sprint(typ), func(t *testing.T) {
			eachTier(t, func(t *testing.T, _ string) {
				for rows := 1; rows <= mostRows; rows++ {
					for n := 1; n <= mostVectors; n++ {
						part := src[:rows*cols/vals*size]
						got := e.mul(t, typ, part, x[:n*cols], rows, n, cols, (rows+n)%2 == 0)
						same(t, got, want, rows, n, mostRows)
					}
				}
			})
		})
	}
}

// TestExtremes multiplies the largest integers of all types with the largest
// activations: sums in 16 bits must not overflow.
func TestExtremes(t *testing.T) {
	e := newEdges(t)
	for _, typ := range edgeTypes() {
		vals, _ := typ.Block()
		const rows, n, cols = 16, 7, 512
		if vals > cols {
			t.Fatalf("%v: blocks of %d", typ, vals)
		}
		rng := rand.New(rand.NewPCG(13, uint64(typ)))
		for _, fill := range []byte{0x00, 0x7f, 0x80, 0x81, 0xf0, 0x0f, 0xff} {
			_, size := typ.Block()
			src := make([]byte, rows*cols/vals*size)
			for i := range src {
				src[i] = fill
			}
			for i := 0; i < len(src); i += size {
				sane(typ, rng, src[i:i+size])
			}
			x := make([]float32, n*cols)
			for i := range x {
				switch v := i / cols; {
				case v < 2:
					x[i] = float32(1 - 2*v)
				default:
					x[i] = float32(1 - 2*(i>>(v-2)&1))
				}
			}
			want := on(t, generic.name, typ, src, x, rows, n, cols)
			t.Run(fmt.Sprintf("%v/%#x", typ, fill), func(t *testing.T) {
				eachTier(t, func(t *testing.T, _ string) {
					same(t, e.mul(t, typ, src, x, rows, n, cols, true), want, rows, n, rows)
					same(t, e.mul(t, typ, src, x[cols:2*cols], rows, 1, cols, true), want[rows:], rows, 1, rows)
				})
			})
		}
	}
}

func FuzzMulAVX2(f *testing.F)    { fuzzMul(f, "avx2") }
func FuzzMulAVXVNNI(f *testing.F) { fuzzMul(f, "avxvnni") }
func FuzzMulAVX512(f *testing.F)  { fuzzMul(f, "avx512") }
func FuzzMulNEON(f *testing.F)    { fuzzMul(f, "neon") }
func FuzzMulI8MM(f *testing.F)    { fuzzMul(f, "i8mm") }

// fuzzMul compares a tier with the reference: weights repeat the given bytes,
// with scales near 1.
func fuzzMul(f *testing.F, tier string) {
	types := edgeTypes()
	for i := range types {
		f.Add(uint8(i), uint8(16), uint8(1), uint8(2), uint64(i), []byte{0xff})
		f.Add(uint8(i), uint8(33), uint8(13), uint8(17), uint64(i), []byte{0x80, 0x7f, 1})
	}
	f.Fuzz(func(t *testing.T, kind, rows, n, units uint8, seed uint64, fill []byte) {
		restore, err := SetTier(tier)
		if err != nil {
			t.Skip(err)
		}
		defer restore()
		typ := types[int(kind)%len(types)]
		vals, size := typ.Block()
		r, v, u := 1+int(rows)%mostRows, 1+int(n)%mostVectors, 1+int(units)
		if vals > 1 {
			u = 1 + u%(1+1024/vals)
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		src := randomWeights(typ, rng, r, u*vals)
		if len(fill) > 0 {
			for i := range src {
				src[i] = fill[i%len(fill)]
			}
			for i := 0; i < len(src); i += size {
				sane(typ, rng, src[i:i+size])
			}
		}
		x := randomVectors(rng, v, u*vals)
		want := on(t, generic.name, typ, src, x, r, v, u*vals)
		got := newEdges(t).mul(t, typ, src, x, r, v, u*vals, seed%2 == 0)
		same(t, got, want, r, v, r)
	})
}
