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

func testProduct(t *testing.T, r *rand.Rand, typ Type, rows, k, panels, add int) {
	t.Helper()
	ldc, lda := panels*lanes, k
	c, a := guarded[float32](t, tileRows*ldc), guarded[float32](t, tileRows*lda)
	b, scales := guarded[byte](t, panels*k*lanes*typ.bytes()), guarded[float32](t, k)
	for i := range a {
		a[i] = float32(r.NormFloat64())
	}
	for i := range c {
		c[i] = float32(r.NormFloat64())
	}
	for i := range scales {
		scales[i] = r.Float32() / 64
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
		c: unsafe.Pointer(&c[0]), a: unsafe.Pointer(&a[0]), b: unsafe.Pointer(&b[0]), scales: unsafe.Pointer(&scales[0]),
		ldc: ldc, lda: lda, ldb: k * lanes * typ.bytes(), rows: rows, k: k, panels: panels, add: add,
	}
	want := append([]float32(nil), c...)
	ref := p
	ref.c = unsafe.Pointer(&want[0])
	mulGeneric(&ref, typ)
	p.mul(typ)
	for i := range rows * ldc {
		if e := math.Abs(float64(c[i] - want[i])); !(e <= 1e-5*math.Sqrt(float64(k))) {
			t.Fatalf("%v rows %d k %d panels %d add %d: c[%d] = %v, want %v", typ, rows, k, panels, add, i, c[i], want[i])
		}
	}
}
