package sample

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

func TestGreedy(t *testing.T) {
	for _, tt := range []struct {
		name   string
		logits []float32
		want   int32
		err    error
	}{
		{"best", []float32{1, 3, 2}, 1, nil},
		{"first of equals", []float32{3, 3, 2}, 0, nil},
		{"NaN is passed over", []float32{nan, 1, nan}, 1, nil},
		{"+Inf wins", []float32{1, inf, 2}, 1, nil},
		{"all NaN", []float32{nan, nan}, 0, ErrNoFinite},
		{"all -Inf", []float32{-inf, -inf}, 0, ErrNoFinite},
		{"empty", nil, 0, ErrNoFinite},
		{"one", []float32{-7}, 0, nil},
	} {
		for _, temp := range []float32{0, 1e-38, 1e-3} {
			if temp > 0 && tt.name == "first of equals" {
				continue // at a temperature both are right
			}
			got, err := New(len(tt.logits), Options{Temperature: temp}).Next(All(tt.logits))
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%s at %g: got %d, %v; want %d, %v", tt.name, temp, got, err, tt.want, tt.err)
			}
		}
	}
}

// TestFrequencies draws often and compares with the distribution that each
// step defines.
func TestFrequencies(t *testing.T) {
	logits := []float32{float32(math.Log(0.5)), float32(math.Log(0.3)), float32(math.Log(0.15)), float32(math.Log(0.05))}
	for _, tt := range []struct {
		name string
		o    Options
		want []float64
	}{
		{"plain", Options{Temperature: 1}, []float64{.5, .3, .15, .05}},
		{"top-k 2", Options{Temperature: 1, TopK: 2}, []float64{.625, .375, 0, 0}},
		{"top-k beyond the vocabulary", Options{Temperature: 1, TopK: 99}, []float64{.5, .3, .15, .05}},
		{"top-p 0.7", Options{Temperature: 1, TopP: .7}, []float64{.625, .375, 0, 0}},
		{"min-p 0.2", Options{Temperature: 1, MinP: .2}, []float64{.5 / .95, .3 / .95, .15 / .95, 0}},
		{"hot", Options{Temperature: 1e38}, []float64{.25, .25, .25, .25}},
		{"temperature 2", Options{Temperature: 2}, sqrts(.5, .3, .15, .05)},
	} {
		tt.o.Seed = 7
		s := New(len(logits), tt.o)
		const n = 40_000
		got := make([]float64, len(logits))
		for range n {
			row := append([]float32(nil), logits...)
			id, err := s.Next(All(row))
			if err != nil {
				t.Fatal(err)
			}
			got[id] += 1.0 / n
		}
		for i := range got {
			if math.Abs(got[i]-tt.want[i]) > 0.015 {
				t.Errorf("%s: frequencies %.3f, want %.3f", tt.name, got, tt.want)
				break
			}
		}
	}
}

func sqrts(p ...float64) []float64 {
	sum := 0.0
	for i := range p {
		p[i] = math.Sqrt(p[i])
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func TestRepeatPenalty(t *testing.T) {
	s := New(3, Options{RepeatPenalty: 2, RepeatLast: 2})
	s.Accept(0)
	s.Accept(0) // twice, but the penalty counts once
	if id, _ := s.Next(All([]float32{4, 2.1, 1.9})); id != 1 {
		t.Errorf("4/2 should lose against 2.1, got %d", id)
	}
	if id, _ := s.Next(All([]float32{4, 1.9, -1})); id != 0 {
		t.Errorf("4/2 should win against 1.9, got %d", id)
	}
	s.Accept(1)
	s.Accept(2) // token 0 has left the window
	if id, _ := s.Next(All([]float32{4, 6, 7})); id != 0 {
		t.Errorf("forgotten token should be free again, got %d", id)
	}
}

func TestSeedDecides(t *testing.T) {
	draw := func(seed uint64) (ids [32]int32) {
		s := New(64, Options{Temperature: 1, Seed: seed})
		for i := range ids {
			row := make([]float32, 64)
			ids[i], _ = s.Next(All(row))
		}
		return ids
	}
	if first, again := draw(1), draw(1); first != again {
		t.Error("the same seed drew different tokens")
	}
	if draw(1) == draw(2) {
		t.Error("different seeds drew the same tokens")
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	logits := make([]float32, 32_000)
	for i := range logits {
		logits[i] = float32(i%977) / 100
	}
	o := Default()
	o.RepeatPenalty = 1.1
	s := New(len(logits), o)
	if n := testing.AllocsPerRun(20, func() {
		id, _ := s.Next(All(logits))
		s.Accept(id)
	}); n != 0 {
		t.Errorf("%v allocations a token", n)
	}
}

func FuzzSampler(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0}, float32(0), 0, float32(0), float32(0), float32(1))
	f.Add([]byte{255, 127, 3, 9, 200}, float32(1e-38), 40, float32(.9), float32(.1), float32(1.3))
	f.Add([]byte{1}, float32(1e38), 1<<30, float32(-1), float32(2), float32(-1))
	f.Fuzz(func(t *testing.T, raw []byte, temp float32, k int, p, m, rep float32) {
		special := []float32{nan, inf, -inf, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32}
		logits := make([]float32, len(raw))
		for i, b := range raw {
			if logits[i] = float32(b) - 128; int(b) < len(special) {
				logits[i] = special[b]
			}
		}
		s := New(len(logits), Options{Temperature: temp, TopK: k, TopP: p, MinP: m, RepeatPenalty: rep, RepeatLast: 4})
		for range 3 {
			id, err := s.Next(All(logits))
			if err == nil && (id < 0 || int(id) >= len(logits)) {
				t.Fatalf("token %d of %d", id, len(logits))
			}
			s.Accept(id)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	logits := make([]float32, 128_256)
	for i := range logits {
		logits[i] = float32((i*7919)%10007) / 1000
	}
	s := New(len(logits), Default())
	for b.Loop() {
		_, _ = s.Next(All(logits))
	}
}

// TestBest draws from the best logits alone what all of them give.
func TestBest(t *testing.T) {
	const vocab = 500
	rng := rand.New(rand.NewPCG(3, 4))
	for _, o := range []Options{
		{},
		{RepeatPenalty: 1.3, RepeatLast: 20},
		{Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05},
		{Temperature: 1.5, TopK: 10, RepeatPenalty: 1.5, RepeatLast: 30},
		{Temperature: 1.5, TopK: 10, RepeatPenalty: 0.7, RepeatLast: 30},
		{Temperature: 1},
	} {
		all, best := New(vocab, o), New(vocab, o)
		n := best.Best()
		if few := (o.TopK > 0 || o.Temperature == 0) && !(o.RepeatPenalty > 0 && o.RepeatPenalty < 1); (n > 0) != few {
			t.Fatalf("%+v: %d are said to be enough", o, n)
		}
		for step := range 200 {
			row := make([]float32, vocab)
			ids := make([]int32, vocab)
			for i := range row {
				row[i], ids[i] = float32(3*rng.NormFloat64()), int32(i)
			}
			slices.SortFunc(ids, func(a, b int32) int { return cmp.Compare(row[b], row[a]) })
			l := All(slices.Clone(row))
			if n > 0 {
				l = Logits{IDs: ids[:n]}
				for _, id := range l.IDs {
					l.Values = append(l.Values, row[id])
				}
			}
			want, err := all.Next(All(row))
			got, err2 := best.Next(l)
			if got != want || err != nil || err2 != nil {
				t.Fatalf("%+v, step %d: %d of %d logits give %d, all of them %d (%v, %v)", o, step, n, vocab, got, want, err, err2)
			}
			all.Accept(want)
			best.Accept(got)
		}
	}
	if _, err := New(3, Options{}).Next(Logits{IDs: []int32{}, Values: []float32{}}); !errors.Is(err, ErrNoFinite) {
		t.Error(err)
	}
}
