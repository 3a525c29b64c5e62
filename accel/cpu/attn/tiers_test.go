package attn

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// everyTier runs f on each instruction set that this machine has.
func everyTier(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	for _, name := range []string{"generic", "avx2", "avx512", "neon"} {
		restore, err := vec.SetTier(name)
		if err != nil {
			continue
		}
		t.Run(name, f)
		restore()
	}
}

// TestProduct compares each kernel with mulGeneric over every number of rows
// and many depths, with buffers that end at an unreadable page.
func TestProduct(t *testing.T) {
	everyTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 5))
		for rows := 1; rows <= tileRows; rows++ {
			for _, k := range []int{1, 2, 3, 4, 5, 7, 8, 31, 64, 129, 256} {
				for _, typ := range []Type{F32, F16, Q8_0} {
					testProduct(t, r, typ, rows, k, 1+r.IntN(3), r.IntN(2))
				}
			}
		}
	})
}

// FuzzProduct does the same at shapes and tiers of the fuzzer's choice.
func FuzzProduct(f *testing.F) {
	for rows := range uint8(tileRows) {
		f.Add(rows, rows*17, rows%3, rows%2, uint64(rows))
	}
	f.Fuzz(func(t *testing.T, rows, k, panels, add uint8, seed uint64) {
		everyTier(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			n := 1 + int(rows)%tileRows
			for _, typ := range []Type{F32, F16, Q8_0} {
				testProduct(t, r, typ, n, 1+int(k), 1+int(panels)%4, int(add)%2)
			}
			testScore(t, r, n, 2*(1+int(k)), 1+int(panels)%4)
		})
	})
}

func testProduct(t *testing.T, r *rand.Rand, typ Type, rows, k, panels, add int) {
	t.Helper()
	ldc, lda := panels*lanes, k
	c, a := guarded[float32](t, tileRows*ldc), guarded[float32](t, tileRows*lda)
	b := guarded[byte](t, panels*k*lanes*typ.bytes())
	for i := range a {
		a[i] = float32(r.NormFloat64())
	}
	for i := range c {
		c[i] = float32(r.NormFloat64())
	}
	switch typ {
	case F32:
		copy(view[float32](b), values(r, panels*k*lanes))
	case F16:
		vec.HalfFromFloat(view[uint16](b), values(r, panels*k*lanes))
	case Q8_0:
		for i := range b {
			b[i] = byte(r.Uint32())
		}
	}
	p := product{
		c: unsafe.Pointer(&c[0]), a: unsafe.Pointer(&a[0]), b: unsafe.Pointer(&b[0]),
		ldc: ldc, lda: lda, ldb: k * lanes * typ.bytes(), rows: rows, k: k, panels: panels, add: add,
	}
	want := append([]float32(nil), c...)
	ref := p
	ref.c = unsafe.Pointer(&want[0])
	mulGeneric(&ref, typ)
	p.mul(typ)
	size := math.Sqrt(float64(k))
	if typ == Q8_0 {
		size *= 128
	}
	for i := range rows * ldc {
		if e := math.Abs(float64(c[i] - want[i])); !(e <= 1e-5*size) {
			t.Fatalf("%v rows %d k %d panels %d add %d: c[%d] = %v, want %v", typ, rows, k, panels, add, i, c[i], want[i])
		}
	}
}

// TestScore compares the integer scores with scoreGeneric.
func TestScore(t *testing.T) {
	everyTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(6, 6))
		for rows := 1; rows <= tileRows; rows++ {
			for _, dk := range []int{2, 4, 8, 12, 28, 32, 36, 64, 80, 120, 128, 512} {
				testScore(t, r, rows, dk, 1+r.IntN(3))
			}
		}
	})
}

func testScore(t *testing.T, r *rand.Rand, rows, dk, panels int) {
	t.Helper()
	l := Layout{Q8_0, 1, dk, dk}
	ldc := panels * lanes
	block := guarded[byte](t, panels*l.groupBytes())
	group := make([]byte, l.groupBytes())
	values8 := make([]byte, l.panels()*l.panelBytes())
	for j := range panels {
		for i := range lanes {
			l.storeQ8(group, values8, i, values(r, dk), values(r, dk))
		}
		copy(block[j*l.groupBytes():], group)
	}
	a := guarded[float32](t, tileRows*l.ldq())
	for i := range tileRows {
		packQuery(a[i*l.ldq():], values(r, dk), 0.1)
	}
	c, want := guarded[float32](t, tileRows*ldc), make([]float32, tileRows*ldc)
	p := product{
		c: unsafe.Pointer(&c[0]), a: unsafe.Pointer(&a[0]), b: unsafe.Pointer(&block[0]),
		ldc: ldc, lda: l.ldq(), ldb: l.groupBytes(), rows: rows, k: l.dkPadded(), panels: panels,
	}
	ref := p
	ref.c = unsafe.Pointer(&want[0])
	scoreGeneric(&ref)
	p.score()
	for i := range rows * ldc {
		if e := math.Abs(float64(c[i] - want[i])); !(e <= 1e-6*math.Sqrt(float64(dk))) {
			t.Fatalf("rows %d dk %d panels %d: c[%d] = %v, want %v", rows, dk, panels, i, c[i], want[i])
		}
	}
}
