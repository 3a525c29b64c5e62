package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/runnel-chat/runnel/accel"
)

func route(t *testing.T, logits []float32, c accel.Routing) accel.Routes {
	t.Helper()
	b := newTestBackend(t, 1)
	r := accel.NewRoutes(0)
	c.Experts = len(logits)
	b.Route(&r, accel.Tensor{Data: logits, Rows: 1, Cols: len(logits)}, &c)
	return r
}

func TestRouteChoosesAndWeighs(t *testing.T) {
	e := func(x float64) float32 { return float32(math.Exp(x)) }
	nan := float32(math.NaN())
	sum := e(1) + e(3) + e(2) + e(0)
	sig := func(x float64) float32 { return float32(1 / (1 + math.Exp(-x))) }
	for _, tt := range []struct {
		name    string
		logits  []float32
		c       accel.Routing
		experts []int32
		weights []float32
	}{
		{"softmax", []float32{1, 3, 2, 0}, accel.Routing{Used: 2}, []int32{1, 2}, []float32{e(3) / sum, e(2) / sum}},
		{
			"normalised",
			[]float32{1, 3, 2, 0},
			accel.Routing{Used: 2, Normalise: true, Scale: 3},
			[]int32{1, 2},
			[]float32{3 * e(3) / (e(3) + e(2)), 3 * e(2) / (e(3) + e(2))},
		},
		{
			"of the chosen",
			[]float32{1, 3, 2, 0},
			accel.Routing{Used: 2, OfChosen: true},
			[]int32{1, 2},
			[]float32{e(3) / (e(3) + e(2)), e(2) / (e(3) + e(2))},
		},
		{
			"biased sigmoid",
			[]float32{1, 3, 2, 0},
			accel.Routing{Used: 2, Sigmoid: true, Bias: []float32{0, 0, -1, 1}},
			[]int32{1, 3},
			[]float32{sig(3), sig(0)},
		},
		{
			"best group",
			[]float32{1, 5, 4, 4},
			accel.Routing{Used: 2, Sigmoid: true, Groups: 2, GroupsUsed: 1},
			[]int32{2, 3},
			[]float32{sig(4), sig(4)},
		},
		{"ties", []float32{2, 2, 2}, accel.Routing{Used: 2, OfChosen: true}, []int32{0, 1}, []float32{.5, .5}},
		{"NaN", []float32{nan, nan, nan}, accel.Routing{Used: 2}, []int32{0, 1}, nil},
	} {
		r := route(t, tt.logits, tt.c)
		if !slices.Equal(r.Expert, tt.experts) {
			t.Errorf("%s: experts %v, want %v", tt.name, r.Expert, tt.experts)
		}
		for i, w := range tt.weights {
			if d := math.Abs(float64(r.Weight[i] - w)); !(d < 1e-6) {
				t.Errorf("%s: weight %d is %g, want %g", tt.name, i, r.Weight[i], w)
			}
		}
	}
}

// TestRoutesAreSortedAndWhole checks that every row goes to as many experts as
// it should, in order, and that parts never cut an expert.
func TestRoutesAreSortedAndWhole(t *testing.T) {
	const rows, experts, used = 50, 16, 3
	b := newTestBackend(t, 1)
	r := accel.NewRoutes(0)
	b.Route(&r, random(rows, experts), &accel.Routing{Experts: experts, Used: used})
	seen := map[[2]int32]bool{}
	for i := range r.Len() {
		if i > 0 && (r.Expert[i] < r.Expert[i-1] || r.Expert[i] == r.Expert[i-1] && r.Row[i] <= r.Row[i-1]) {
			t.Fatalf("pair %d is out of order", i)
		}
		seen[[2]int32{r.Row[i], r.Expert[i]}] = true
	}
	if len(seen) != rows*used {
		t.Errorf("%d pairs, want %d", len(seen), rows*used)
	}
	parts := 0
	for from := 0; from < r.Len(); parts++ {
		p := r.Part(from, rows)
		if from += p.Len(); p.Len() == 0 || p.Len() > rows {
			t.Fatalf("a part of %d pairs", p.Len())
		}
		if from < r.Len() && r.Expert[from] == r.Expert[from-1] {
			t.Fatalf("expert %d is cut", r.Expert[from])
		}
	}
	if parts < used {
		t.Errorf("%d parts", parts)
	}
}

// TestScatterOrder sums the same on any number of workers.
func TestScatterOrder(t *testing.T) {
	x := random(60, 700)
	r := accel.NewRoutes(0)
	for i := range 60 {
		r.Row, r.Expert = append(r.Row, int32(i%20)), append(r.Expert, int32(i/20))
		r.Weight = append(r.Weight, rand.Float32())
	}
	one := random(20, 700)
	many := accel.Tensor{Data: slices.Clone(one.Data), Rows: 20, Cols: 700}
	newTestBackend(t, 1).Scatter(one, x, &r)
	newTestBackend(t, 4).Scatter(many, x, &r)
	if !slices.Equal(one.Data, many.Data) {
		t.Error("the sums differ")
	}
}

// noted is the weight of an expert that notes how it is asked for.
type noted struct {
	accel.Tiles
	hints int
}

func (n *noted) Hint() { n.hints++ }

func (n *noted) Want() {}

// TestForesee hints at the experts that Route chooses, and at no others.
func TestForesee(t *testing.T) {
	b := newTestBackend(t, 1)
	logits := []float32{1, 3, 2, 0, 2.5}
	c := accel.Routing{Experts: len(logits), Used: 3}
	tiles := make([]noted, 2*len(logits))
	for use := range 2 {
		ws := make([]*accel.Weight, len(logits))
		for e := range ws {
			ws[e] = &accel.Weight{Tiles: &tiles[use*len(logits)+e]}
		}
		c.Weights = append(c.Weights, ws)
	}
	x := accel.Tensor{Data: logits, Rows: 1, Cols: len(logits)}
	b.Foresee(x, &c)
	r := accel.NewRoutes(0)
	b.Route(&r, x, &c)
	for i := range tiles {
		want := 0
		if slices.Contains(r.Expert, int32(i%len(logits))) {
			want = 1
		}
		if tiles[i].hints != want {
			t.Errorf("use %d of expert %d: %d hints, want %d", i/len(logits), i%len(logits), tiles[i].hints, want)
		}
	}
}
