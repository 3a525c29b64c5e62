package cuda_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cuda"
	"github.com/runnel-chat/runnel/gguf"
)

// packed is a weight as a store lends it.
type packed struct {
	tiles [][]byte
	err   error
	used  int
}

func (p *packed) Want()                         {}
func (p *packed) Hint()                         {}
func (p *packed) Acquire(i int) ([]byte, error) { p.used++; return p.tiles[i], p.err }
func (p *packed) TryAcquire(int) []byte         { return nil }
func (p *packed) Release(int)                   {}
func (p *packed) Settle(int)                    {}

// randomWeight makes a weight of random bits, and its values. Blocks whose
// scales happen to be no numbers, or huge, are drawn again.
func randomWeight(t testing.TB, b accel.Backend, rng *rand.Rand, typ gguf.Type, rows, cols, tileRows int) (*accel.Weight, []float32) {
	t.Helper()
	vals, size := typ.Block()
	raw, w := make([]byte, rows*cols/vals*size), make([]float32, rows*cols)
	for i := range len(raw) / size {
		block, values := raw[i*size:][:size], w[i*vals:][:vals]
		for ok := false; !ok; {
			for j := range block {
				block[j] = byte(rng.Uint32())
			}
			if err := gguf.Decode(typ, values, block); err != nil {
				t.Fatal(err)
			}
			ok = !slices.ContainsFunc(values, func(v float32) bool { return !(math.Abs(float64(v)) < 1e3) })
		}
	}
	p := &packed{}
	for row := 0; row < rows; row += tileRows {
		n := min(tileRows, rows-row)
		packedBytes, err := b.PackedBytes(typ, n, cols)
		if err != nil {
			t.Fatal(err)
		}
		tile := make([]byte, packedBytes)
		b.Pack(typ, tile, raw[row*cols/vals*size:][:n*cols/vals*size], n, cols)
		p.tiles = append(p.tiles, tile)
	}
	return &accel.Weight{Name: typ.String(), Type: typ, Rows: rows, Cols: cols, TileRows: tileRows, Tiles: p}, w
}

// exact is the product of w with x rounded as the device rounds it for so many
// vectors, 32 columns with a scale or to halves, and the sum of the absolute
// products.
func exact(typ gguf.Type, n int, w, x []float32) (sum, size float64) {
	vals, _ := typ.Block()
	integers, halves := vals > 1, (typ == gguf.F16 || typ == gguf.BF16) && n >= 16
	for k := 0; k < len(x); k += 32 {
		part := x[k:min(k+32, len(x))]
		var peak float32
		for _, v := range part {
			peak = max(peak, v, -v)
		}
		for i, v := range part {
			wi, xi := float64(w[k+i]), float64(v)
			switch {
			case halves:
				wi, xi = toHalf(wi), toHalf(xi)
			case integers:
				xi = math.RoundToEven(float64(v*(127/peak))) * float64(peak/127)
			}
			sum += wi * xi
			size += math.Abs(wi * xi)
		}
	}
	return sum, size
}

// toHalf rounds to what a half can hold.
func toHalf(x float64) float64 {
	if math.Abs(x) < 0x1p-14 {
		return math.RoundToEven(x*0x1p24) / 0x1p24
	}
	_, e := math.Frexp(x)
	unit := math.Ldexp(1, e-11)
	return math.RoundToEven(x/unit) * unit
}

func decodable() (types []gguf.Type) {
	for t := gguf.Type(0); t < 64; t++ {
		if gguf.Decodable(t) {
			types = append(types, t)
		}
	}
	return types
}

// TestProducts compares the product of each weight type with exact arithmetic:
// one vector and several, partial blocks of rows, one tile and several.
func TestProducts(t *testing.T) {
	p := newPair(t)
	for _, typ := range decodable() {
		vals, _ := typ.Block()
		integers := vals > 1
		for _, s := range []struct{ rows, cols, n, tileRows int }{
			{1, 1, 1, 16},
			{16, 2, 1, 16},
			{17, 3, 2, 16},
			{40, 20, 9, 32},
			{33, 5, 15, 48},
			{1, 1, 16, 16},
			{33, 5, 63, 48},
			{145, 2, 65, 160},
			{20, 29, 17, 32},
		} {
			cols := s.cols * max(vals, 32)
			if !integers {
				cols = 7*s.cols + s.n%2
			}
			if testing.Short() && s.cols > 3 {
				continue
			}
			w, values := randomWeight(t, p.host, p.rng, typ, s.rows, cols, s.tileRows)
			p.cuda.Place(w)
			x, _ := p.tensors(s.n, cols)
			dst, _ := p.tensors(s.n, s.rows)
			p.cuda.MatMul(dst, w, x)
			p.cuda.Fetch(dst)
			if err := p.cuda.Sync(); err != nil {
				t.Fatal(typ, err)
			}
			for i := range s.n {
				for r := range s.rows {
					want, size := exact(typ, s.n, values[r*cols:][:cols], x.Row(i))
					if got := float64(dst.Row(i)[r]); !(math.Abs(got-want) <= 3e-6*size) {
						t.Fatalf("%v, %d x %d: row %d of vector %d of %d is %g, want %g ± %g",
							typ, s.rows, cols, r, i, s.n, got, want, 3e-6*size)
					}
				}
			}
		}
	}
	p.onDevice()
	launched := p.device.launched
	for _, format := range []string{"Q4_0", "Q8_0", "Q16", "Q2_K", "Q4_K", "Q6_K", "MXFP4", "F16", "BF16"} {
		if !slices.Contains(launched, "productTile_"+format) {
			t.Errorf("no tile of %s was multiplied", format)
		}
	}
}

// TestProductOfStrangeValues checks that zeros stay zeros and that what is not
// a number is not lost.
func TestProductOfStrangeValues(t *testing.T) {
	p := newPair(t)
	w, _ := randomWeight(t, p.host, p.rng, gguf.Q4_K, 16, 256, 16)
	p.cuda.Place(w)
	x, _ := p.tensors(4, 256)
	dst, _ := p.tensors(4, 16)
	clear(x.Row(0))
	for i := range x.Row(1) {
		x.Row(1)[i] = 1e-38
	}
	x.Row(2)[77] = float32(math.NaN())
	x.Row(3)[3] = float32(math.Inf(-1))
	p.cuda.Changed(x)
	p.cuda.MatMul(dst, w, x)
	p.cuda.Fetch(dst)
	if err := p.cuda.Sync(); err != nil {
		t.Fatal(err)
	}
	for r := range 16 {
		if a, b := dst.Row(0)[r], dst.Row(1)[r]; a != 0 || b != 0 {
			t.Errorf("of zeros, row %d is %g and %g", r, a, b)
		}
		for _, v := range []float32{dst.Row(2)[r], dst.Row(3)[r]} {
			if !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) {
				t.Errorf("row %d hides a NaN or an infinity: %g", r, v)
			}
		}
	}
}

// TestProductsOfParts compares products whose weights are one a head or one an
// expert; a head may be longer than its weight is wide.
func TestProductsOfParts(t *testing.T) {
	p := newPair(t)
	const heads, rows, cols, room, outRoom = 3, 20, 64, 70, 24
	for i, typ := range []gguf.Type{gguf.Q8_0, gguf.F32, gguf.Q8_0, gguf.F32} {
		n := []int{5, 5, 1, 1}[i]
		var ws []*accel.Weight
		var values [][]float32
		for range heads {
			w, v := randomWeight(t, p.host, p.rng, typ, rows, cols, 32)
			p.cuda.Place(w)
			ws, values = append(ws, w), append(values, v)
		}
		check := func(what string, got []float32, w, x []float32) {
			for r, v := range got {
				if want, size := exact(typ, 1, w[r*cols:][:cols], x); !(math.Abs(float64(v)-want) <= 3e-6*size) {
					t.Fatalf("%s, %v: row %d is %g, want %g", what, typ, r, v, want)
				}
			}
		}
		x, _ := p.tensors(n, heads*room)
		dst, _ := p.tensors(n, heads*outRoom)
		kept := dst.Row(n - 1)[rows]
		p.cuda.MatMulEach(dst, ws, x)
		r := accel.Routes{Row: []int32{0, 1, 2, 3, 4}[:n], Expert: []int32{0, 0, 0, 2, 2}[:n], Weight: p.vector(n)}
		y, _ := p.tensors(n, cols)
		out, _ := p.tensors(n, rows)
		p.cuda.MatMulRouted(out, ws, y, &r)
		p.cuda.Fetch(dst)
		p.cuda.Fetch(out)
		if err := p.cuda.Sync(); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for h := range heads {
				check("each head", dst.Row(i)[h*outRoom:][:rows], values[h], x.Row(i)[h*room:][:cols])
			}
			check("each expert", out.Row(i), values[r.Expert[i]], y.Row(i))
		}
		if got := dst.Row(n - 1)[rows]; got != kept {
			t.Errorf("the rest of a head became %g, was %g", got, kept)
		}
	}
	p.onDevice()
}

// TestInputIsQuantisedAgain changes an input between two products.
func TestInputIsQuantisedAgain(t *testing.T) {
	p := newPair(t)
	w, _ := randomWeight(t, p.host, p.rng, gguf.Q8_0, 16, 64, 16)
	p.cuda.Place(w)
	x, _ := p.tensors(1, 64)
	first, _ := p.tensors(1, 16)
	second, _ := p.tensors(1, 16)
	p.cuda.MatMul(first, w, x)
	p.cuda.Scale(x, 2)
	p.cuda.MatMul(second, w, x)
	p.cuda.Scale(first, 2)
	p.cuda.Fetch(first)
	p.equal("twice the input", second, first, 1e-6)
}

// TestVisits multiplies many vectors with weights that have no place on the
// device: they come to it, in turns, and where there is no room for that the
// host multiplies.
func TestVisits(t *testing.T) {
	p := newPair(t)
	const cols, n = 256, 64
	x, _ := p.tensors(n, cols)
	check := func(rows int, values []float32, dst accel.Tensor) {
		t.Helper()
		p.cuda.Fetch(dst)
		if err := p.cuda.Sync(); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for r := range rows {
				if want, size := exact(gguf.Q4_K, n, values[r*cols:][:cols], x.Row(i)); !(math.Abs(float64(dst.Row(i)[r])-want) <= 3e-6*size) {
					t.Fatalf("row %d of vector %d is %g, want %g", r, i, dst.Row(i)[r], want)
				}
			}
		}
	}
	for range 2 {
		var dsts []accel.Tensor
		var values [][]float32
		rows := []int{100, 20, 200, 101, 30, 30, 30, 30, 33}
		var ws []*accel.Weight
		for _, n := range rows {
			dst, _ := p.tensors(64, n)
			w, v := randomWeight(t, p.host, p.rng, gguf.Q4_K, n, cols, 48)
			dsts, values, ws = append(dsts, dst), append(values, v), append(ws, w)
		}
		for i, w := range ws { // nothing is waited for between them
			p.cuda.MatMul(dsts[i], w, x)
		}
		for i := range rows {
			check(rows[i], values[i], dsts[i])
		}
	}
	if n := len(p.device.launched); n < 18 {
		t.Errorf("%d launches: not all weights came", n)
	}
	w, _ := randomWeight(t, p.host, p.rng, gguf.Q8_0, 1000, 1024, 1008)
	y, hy := p.tensors(64, 1024)
	dst, hdst := p.tensors(64, 1000)
	p.fill(1 << 20)
	before := len(p.device.launched)
	p.cuda.MatMul(dst, w, y)
	p.host.MatMul(hdst, w, hy)
	p.equal("without room", dst, hdst, 0)
	if n := len(p.device.launched); n != before {
		t.Error("a weight came where there is no room for it")
	}
	p.onDevice()
}

// TestNoRoom fills the device: a weight that does not fit is multiplied by the
// host.
func TestNoRoom(t *testing.T) {
	p := newPair(t)
	w, _ := randomWeight(t, p.host, p.rng, gguf.F32, 16, 64, 16)
	p.cuda.Place(w)
	x, hx := p.tensors(1, 64)
	dst, hdst := p.tensors(1, 16)
	p.fill(2048)
	p.cuda.MatMul(dst, w, x)
	p.host.MatMul(hdst, w, hx)
	p.equal("without room", dst, hdst, 0)
	if s := p.cuda.Stats(); s.NoRoom != 1 || s.WeightBytes != 0 {
		t.Errorf("%+v", s)
	}
}

// TestBrokenTile fails to read a weight: the pass ends with that error, the
// device stays, and the next pass is right.
func TestBrokenTile(t *testing.T) {
	p := newPair(t)
	w, _ := randomWeight(t, p.host, p.rng, gguf.F32, 16, 64, 16)
	p.cuda.Place(w)
	x, hx := p.tensors(1, 64)
	dst, hdst := p.tensors(1, 16)
	broken := errors.New("broken")
	w.Tiles.(*packed).err = broken
	p.cuda.MatMul(dst, w, x)
	if err := p.cuda.Sync(); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	w.Tiles.(*packed).err = nil
	p.cuda.MatMul(dst, w, x)
	p.host.MatMul(hdst, w, hx)
	p.equal("after a broken tile", dst, hdst, 1e-4)
	if s := p.cuda.Stats(); s.WeightBytes == 0 || s.Lost != "" {
		t.Errorf("%+v", s)
	}
}

// TestCoherence runs random operations, some of whose weights are on the
// device and some on the host, on overlapping parts of tensors: where they run
// must not matter.
func TestCoherence(t *testing.T) {
	p := newPair(t)
	var ws []*accel.Weight
	for i := range 4 {
		w, _ := randomWeight(t, p.host, p.rng, gguf.F32, 32, 32, 16)
		for _, tile := range w.Tiles.(*packed).tiles {
			clear(tile[len(tile)/2:]) // so that values stay small
		}
		if i%2 == 0 {
			p.cuda.Place(w)
		}
		ws = append(ws, w)
	}
	const tensors, rows = 3, 6
	var x, hx [tensors]accel.Tensor
	for i := range x {
		x[i], hx[i] = p.tensors(rows, 32)
	}
	for step := range 400 {
		a, b, w := p.rng.IntN(tensors), p.rng.IntN(tensors), ws[p.rng.IntN(len(ws))]
		from := p.rng.IntN(rows)
		to := from + 1 + p.rng.IntN(rows-from)
		other := p.rng.IntN(rows - (to - from) + 1)
		dst, hdst := x[a].Slice(from, to), hx[a].Slice(from, to)
		src, hsrc := x[b].Slice(other, other+to-from), hx[b].Slice(other, other+to-from)
		switch op := p.rng.IntN(8); {
		case a == b && op < 3:
		case op < 2:
			p.cuda.MatMul(dst, w, src)
			p.host.MatMul(hdst, w, hsrc)
			p.cuda.RMSNorm(dst, dst, nil, 1e-3)
			p.host.RMSNorm(hdst, hdst, nil, 1e-3)
		case op == 2:
			p.cuda.Copy(dst, 3, src, 1, 20)
			p.host.Copy(hdst, 3, hsrc, 1, 20)
		case op == 3:
			p.cuda.SoftCap(dst, 2)
			p.host.SoftCap(hdst, 2)
		case op == 4 && a != b:
			p.cuda.Add(dst, src)
			p.host.Add(hdst, hsrc)
		case op == 5:
			copy(dst.Data, p.vector(len(dst.Data)))
			copy(hdst.Data, dst.Data)
			p.cuda.Changed(dst)
		case op == 6:
			p.equal(fmt.Sprint("step ", step), dst, hdst, 1e-2)
		default:
			p.cuda.Scale(dst, 0.9)
			p.host.Scale(hdst, 0.9)
		}
	}
	for i := range x {
		p.equal("at the end", x[i], hx[i], 1e-2)
	}
}

var _ accel.Backend = (*cuda.Backend)(nil)
