package attn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// cache is a KV cache for tests, with the rows it was filled from.
type cache struct {
	Layout
	first  int
	blocks [][]byte
	k, v   [][]float32 // by position; nil before first
}

func values(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// fill stores the positions [first, end) over blocks of poison, so that a
// kernel that reads what nobody stored is found out.
func fill(t testing.TB, r *rand.Rand, l Layout, first, end int) *cache {
	c := &cache{Layout: l, first: first, k: make([][]float32, end), v: make([][]float32, end)}
	for j := first; j < end; j++ {
		if (j-first)%BlockLen == 0 {
			c.blocks = append(c.blocks, poison(t, l.BlockBytes()))
		}
		c.k[j], c.v[j] = values(r, l.Heads*l.DK), values(r, l.Heads*l.DV)
		l.Store(c.blocks[(j-first)/BlockLen], (j-first)%BlockLen, c.k[j], c.v[j])
	}
	return c
}

// poison returns bytes that read as NaN, before a page that cannot be read.
func poison(t testing.TB, n int) []byte {
	b := guarded[byte](t, n)
	for i := range b {
		b[i] = 0xff
	}
	return b
}

// want is attention of query q (one head) at pos in float64.
func (c *cache) want(q []float32, head, kvHead, pos int, p *Params) []float64 {
	lo := c.first
	if p.Window > 0 {
		lo = max(lo, pos-p.Window+1)
	}
	peak := math.Inf(-1)
	if p.Sinks != nil {
		peak = float64(p.Sinks[head])
	}
	var scores []float64
	for j := lo; j <= pos; j++ {
		s := 0.0
		for d, x := range q {
			s += float64(x) * float64(c.k[j][kvHead*c.DK+d])
		}
		s *= float64(p.Scale)
		if p.SoftCap > 0 {
			s = float64(p.SoftCap) * math.Tanh(s/float64(p.SoftCap))
		}
		scores = append(scores, s)
		peak = max(peak, s)
	}
	sum := 0.0
	if p.Sinks != nil {
		sum = math.Exp(float64(p.Sinks[head]) - peak)
	}
	out := make([]float64, c.DV)
	for i, s := range scores {
		e := math.Exp(s - peak)
		sum += e
		for d := range out {
			out[d] += e * float64(c.v[lo+i][kvHead*c.DV+d])
		}
	}
	for d := range out {
		out[d] /= sum
	}
	return out
}

// tolerance is the error of an output relative to the largest value.
var tolerance = map[Type]float64{F32: 1e-5, F16: 2e-3, Q8_0: 4e-2}

type shape struct {
	l      Layout
	qHeads int
	first  int
	pos, n int
	p      Params
}

func (s shape) String() string {
	return fmt.Sprintf("%v_h%d/%d_d%d/%d_first%d_pos%d_n%d_w%d_cap%v_sinks%v", s.l.Type, s.qHeads, s.l.Heads,
		s.l.DK, s.l.DV, s.first, s.pos, s.n, s.p.Window, s.p.SoftCap, s.p.Sinks != nil)
}

// check runs s in one batch, one query at a time and split over key ranges,
// and compares all three with float64.
func check(t *testing.T, s shape, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	c := fill(t, r, s.l, s.first, s.pos+s.n)
	q := values(r, s.n*s.qHeads*s.l.DK)
	group := s.qHeads / s.l.Heads
	batch := make([]float32, s.n*s.qHeads*s.l.DV)
	single := make([]float32, len(batch))
	split := make([]float32, len(batch))
	scratch := poison(t, s.l.ScratchBytes(s.qHeads, s.n))
	small := poison(t, s.l.ScratchBytes(s.qHeads, 1))
	for h := range s.l.Heads {
		mid := s.n / 2
		s.l.Attend(batch, q, s.qHeads, c.blocks, s.first, s.pos, s.n, h, 0, mid, &s.p, scratch)
		s.l.Attend(batch, q, s.qHeads, c.blocks, s.first, s.pos, s.n, h, mid, s.n, &s.p, scratch)
		for i := range s.n {
			s.l.Attend(single, q, s.qHeads, c.blocks, s.first, s.pos, s.n, h, i, i+1, &s.p, small)
		}
		const splits = 3
		size := s.l.PartLen(s.qHeads, s.n)
		parts := make([]float32, splits*size)
		third := s.first + (s.pos+s.n-s.first)/3
		cut := []int{0, third, max(third, s.pos), math.MaxInt}
		for i := range splits {
			s.l.AttendPart(parts[i*size:][:size], q, s.qHeads, c.blocks, s.first, s.pos, s.n, h, 0, s.n, &s.p,
				cut[i], cut[i+1], scratch)
		}
		s.l.Combine(split, s.qHeads, h, 0, s.n, parts, splits, &s.p)
	}
	tol := tolerance[s.l.Type]
	for i := range s.n {
		for h := range s.qHeads {
			at := i*s.qHeads + h
			want := c.want(q[at*s.l.DK:][:s.l.DK], h, h/group, s.pos+i, &s.p)
			for d, x := range want {
				o := at*s.l.DV + d
				if e := math.Abs(float64(batch[o]) - x); !(e <= tol*(1+math.Abs(x))) {
					t.Fatalf("query %d head %d dim %d: %v, want %v", i, h, d, batch[o], x)
				}
				if e := math.Abs(float64(batch[o] - single[o])); !(e <= 1e-5) {
					t.Fatalf("query %d head %d dim %d: %v in a batch, %v alone", i, h, d, batch[o], single[o])
				}
				if e := math.Abs(float64(batch[o] - split[o])); !(e <= 1e-5) {
					t.Fatalf("query %d head %d dim %d: %v in one walk, %v split", i, h, d, batch[o], split[o])
				}
			}
		}
	}
}

func scale(d int) float32 { return float32(1 / math.Sqrt(float64(d))) }

func TestAttendHeadSizes(t *testing.T) { everyTier(t, testAttendHeadSizes) }

func testAttendHeadSizes(t *testing.T) {
	for _, typ := range []Type{F32, F16, Q8_0} {
		for _, d := range [][2]int{
			{8, 8},
			{16, 16},
			{32, 32},
			{48, 48},
			{64, 64},
			{80, 80},
			{96, 96},
			{128, 128},
			{192, 128},
			{256, 256},
			{512, 512},
			{6, 10},
			{120, 120},
			{34, 2},
		} {
			s := shape{Layout{typ, 2, d[0], d[1]}, 6, 0, 300, 5, Params{Scale: scale(d[0])}}
			t.Run(s.String(), func(t *testing.T) { check(t, s, 1) })
		}
	}
}

func TestAttendCases(t *testing.T) { everyTier(t, testAttendCases) }

func testAttendCases(t *testing.T) {
	sinks := []float32{0.5, -3, 4, 0}
	for _, typ := range []Type{F32, F16, Q8_0} {
		l := Layout{typ, 1, 32, 32}
		sc := scale(32)
		for _, s := range []shape{
			{l, 1, 0, 0, 1, Params{Scale: sc}},
			{l, 1, 0, 0, 40, Params{Scale: sc}},
			{l, 4, 0, 0, 40, Params{Scale: sc}},
			{l, 4, 0, 255, 2, Params{Scale: sc}},
			{l, 4, 0, 256, 1, Params{Scale: sc}},
			{l, 4, 77, 77, 30, Params{Scale: sc}},
			{l, 4, 77, 600, 30, Params{Scale: sc, Window: 100}},
			{l, 4, 512, 700, 61, Params{Scale: sc, Window: 33}},
			{l, 4, 0, 500, 40, Params{Scale: sc, Window: 1}},
			{l, 4, 0, 500, 40, Params{Scale: sc, SoftCap: 1.5}},
			{l, 4, 0, 500, 40, Params{Scale: sc, Sinks: sinks}},
			{l, 4, 0, 500, 40, Params{Scale: sc, Window: 128, Sinks: sinks, SoftCap: 20}},
			{l, 7, 0, 300, 9, Params{Scale: sc}},
			{l, 128, 0, 300, 2, Params{Scale: sc}},
		} {
			t.Run(s.String(), func(t *testing.T) { check(t, s, 2) })
		}
	}
}

func TestAttendRandom(t *testing.T) { everyTier(t, testAttendRandom) }

func testAttendRandom(t *testing.T) {
	n := 40
	if testing.Short() {
		n = 10
	}
	r := rand.New(rand.NewPCG(3, 3))
	for range n {
		l := Layout{Type(r.IntN(3)), 1 + r.IntN(3), 2 * (1 + r.IntN(40)), 2 * (1 + r.IntN(40))}
		s := shape{l: l, qHeads: l.Heads * (1 + r.IntN(13)), first: r.IntN(600), n: 1 + r.IntN(40)}
		s.pos = s.first + r.IntN(600)
		s.p.Scale = scale(l.DK)
		if r.IntN(2) == 0 {
			s.p.Window = 1 + r.IntN(700)
		}
		if r.IntN(3) == 0 {
			s.p.SoftCap = 1 + 10*r.Float32()
		}
		if r.IntN(3) == 0 {
			s.p.Sinks = values(r, s.qHeads)
		}
		t.Run(s.String(), func(t *testing.T) { check(t, s, r.Uint64()) })
	}
}

// A score that overflows may cost its own row, never another.
func TestAttendExtremes(t *testing.T) { everyTier(t, testAttendExtremes) }

func testAttendExtremes(t *testing.T) {
	for _, typ := range []Type{F32, F16, Q8_0} {
		l := Layout{typ, 1, 32, 32}
		block := poison(t, l.BlockBytes())
		k, v := make([]float32, 32), make([]float32, 32)
		for i := range k {
			k[i], v[i] = 1e30, 1e30
		}
		l.Store(block, 0, k, v)
		clear(k)
		for i := range v {
			v[i] = 3
		}
		l.Store(block, 1, k, v)
		q := make([]float32, 64)
		for i := range q {
			q[i] = -1e30
		}
		dst := make([]float32, 64)
		l.Attend(dst, q, 1, [][]byte{block}, 0, 0, 2, 0, 0, 2, &Params{Scale: 1}, make([]byte, l.ScratchBytes(1, 2)))
		for i, x := range dst {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				t.Fatalf("%v: dst[%d] = %v", typ, i, x)
			}
		}
		if math.Abs(float64(dst[32])-3) > 1e-2 {
			t.Errorf("%v: second query gives %v, want 3: the first key's score is -Inf", typ, dst[32])
		}
	}
}

func TestAttendAllocatesNothing(t *testing.T) { everyTier(t, testAttendAllocatesNothing) }

func testAttendAllocatesNothing(t *testing.T) {
	l := Layout{F16, 2, 64, 64}
	r := rand.New(rand.NewPCG(1, 1))
	c := fill(t, r, l, 0, 300)
	q, dst := values(r, 8*64), make([]float32, 8*64)
	scratch := make([]byte, l.ScratchBytes(8, 1))
	parts := make([]float32, l.PartLen(8, 1))
	k, v := values(r, 2*64), values(r, 2*64)
	for _, typ := range []Type{F32, F16, Q8_0} {
		l.Type = typ
		blocks := [][]byte{make([]byte, l.BlockBytes()), make([]byte, l.BlockBytes())}
		if typ == F16 {
			blocks = c.blocks
		}
		n := testing.AllocsPerRun(5, func() {
			l.Store(blocks[1], 43, k, v)
			l.Attend(dst, q, 8, blocks, 0, 299, 1, 1, 0, 1, &Params{Scale: 1}, scratch)
			l.AttendPart(parts, q, 8, blocks, 0, 299, 1, 1, 0, 1, &Params{Scale: 1}, 0, 300, scratch)
			l.Combine(dst, 8, 1, 0, 1, parts, 1, &Params{Scale: 1})
		})
		if n != 0 {
			t.Errorf("%v: %v allocations", typ, n)
		}
	}
}

func TestParse(t *testing.T) {
	for _, typ := range []Type{F32, F16, Q8_0} {
		if got, err := Parse(typ.String()); err != nil || got != typ {
			t.Errorf("Parse(%q) = %v, %v", typ.String(), got, err)
		}
	}
	if _, err := Parse("q4_0"); err == nil {
		t.Error("q4_0 was accepted")
	}
}
