package cuda_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/runnel-chat/runnel/accel"
)

// FuzzProduct compares products of any type and shape with exact arithmetic.
func FuzzProduct(f *testing.F) {
	f.Add(uint64(1), uint8(0), uint8(17), uint8(3), uint8(9))
	f.Add(uint64(2), uint8(12), uint8(33), uint8(2), uint8(1))
	f.Add(uint64(3), uint8(10), uint8(200), uint8(1), uint8(100))
	types := decodable()
	f.Fuzz(func(t *testing.T, seed uint64, kind, rows, units, n uint8) {
		p := newPair(t)
		p.rng = rand.New(rand.NewPCG(seed, 0))
		typ := types[int(kind)%len(types)]
		vals, _ := typ.Block()
		r, v, cols := int(rows)+1, int(n)%140+1, (int(units)%9+1)*max(vals, 32)
		if vals == 1 {
			cols = int(units) + 1
		}
		w, values := randomWeight(t, p.host, p.rng, typ, r, cols, 32)
		p.cuda.Place(w)
		x, _ := p.tensors(v, cols)
		dst, _ := p.tensors(v, r)
		p.cuda.MatMul(dst, w, x)
		p.cuda.Fetch(dst)
		if err := p.cuda.Sync(); err != nil {
			t.Fatal(err)
		}
		for i := range v {
			for j := range r {
				want, size := exact(typ, v, values[j*cols:][:cols], x.Row(i))
				if got := float64(dst.Row(i)[j]); !(math.Abs(got-want) <= 3e-6*size+1e-37) {
					t.Fatalf("%v, %d x %d: row %d of vector %d of %d is %g, want %g", typ, r, cols, j, i, v, got, want)
				}
			}
		}
	})
}

// FuzzAttention compares attention of any shape with the host's.
func FuzzAttention(f *testing.F) {
	f.Add(uint64(1), uint8(0), uint8(1), uint8(7), uint8(3), uint8(3), uint16(300), uint8(5), uint16(0))
	f.Add(uint64(2), uint8(1), uint8(0), uint8(3), uint8(40), uint8(200), uint16(600), uint8(0), uint16(50))
	f.Add(uint64(3), uint8(0), uint8(1), uint8(4), uint8(90), uint8(40), uint16(600), uint8(75), uint16(0))
	f.Fuzz(func(t *testing.T, seed uint64, kind, heads, group, dk, dv uint8, positions uint16, queries uint8, window uint16) {
		p := newPair(t)
		p.rng = rand.New(rand.NewPCG(seed, 0))
		s := accel.KVShape{Type: accel.KVType(kind % 3), Heads: int(heads)%3 + 1, DK: int(dk) + 1, DV: int(dv)*2 + 1}
		g, n, pos := int(group)%9+1, int(queries)%80+1, int(positions)%700
		kv, hkv := p.caches(s, 0, pos+n)
		k, hk := p.tensors(pos+n, s.Heads*s.DK)
		v, hv := p.tensors(pos+n, s.Heads*s.DV)
		p.cuda.Store(kv, k, v, 0)
		p.host.Store(hkv, hk, hv, 0)
		q, hq := p.tensors(n, s.Heads*g*s.DK)
		a, ha := p.tensors(n, s.Heads*g*s.DV)
		at := accel.Attention{Scale: 0.2, Window: int(window) % 800}
		if seed%2 == 1 {
			at.Sinks = p.vector(s.Heads * g)
		}
		if seed%3 == 1 {
			at.SoftCap = 5
		}
		p.cuda.Attend(a, q, kv, pos, &at)
		p.host.Attend(ha, hq, hkv, pos, &at)
		tolerance := 3e-5
		switch {
		case s.Type == accel.KVQ8:
			tolerance = 0.1 // the host quantises the query too
		case s.Type == accel.KVF16 && n >= 16:
			tolerance = flashTolerance(s.Type)
		}
		p.equal("attention", a, ha, tolerance)
		p.onDevice()
	})
}
