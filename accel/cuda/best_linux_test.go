package cuda_test

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"github.com/runnel-chat/runnel/accel"
)

// TestBest compares the largest values with those of a sorted row: rows of one
// block and of several rounds, equal values, infinities and what is not a number.
func TestBest(t *testing.T) {
	p := newPair(t)
	for _, cols := range []int{1, 7, 1000, 1024, 1025, 5000, 128_000} {
		x, _ := p.tensors(1, cols)
		for i := range x.Data {
			switch p.rng.IntN(50) {
			case 0:
				x.Data[i] = float32(math.Round(float64(x.Data[i]) * 2))
			case 1:
				x.Data[i] = float32(math.NaN())
			case 2:
				x.Data[i] = float32(math.Inf(-1))
			case 3:
				if i%500 == 0 {
					x.Data[i] = float32(math.Inf(1))
				}
			}
		}
		p.cuda.Changed(x)
		p.cuda.Scale(x, 1) // on the device
		var want []int32
		for i, v := range x.Data {
			if v == v {
				want = append(want, int32(i))
			}
		}
		slices.SortFunc(want, func(a, b int32) int {
			return cmp.Or(cmp.Compare(x.Data[b], x.Data[a]), cmp.Compare(a, b))
		})
		for _, k := range []int{1, 5, 40, 104, 256, 257} {
			columns, values := p.cuda.Best(x, k)
			if k > cols || k > 256 {
				if columns != nil {
					t.Errorf("%d of %d values were found", k, cols)
				}
				continue
			}
			if n := min(k, len(want)); !slices.Equal(columns, want[:n]) {
				t.Fatalf("%d of %d: columns %v, want %v", k, cols, columns, want[:n])
			}
			for i, c := range columns {
				if values[i] != x.Data[c] {
					t.Fatalf("%d of %d: value %d is %g, want %g", k, cols, i, values[i], x.Data[c])
				}
			}
		}
	}
	p.onDevice()
	nothing, _ := p.tensors(1, 50)
	for i := range nothing.Data {
		nothing.Data[i] = float32(math.NaN())
	}
	p.cuda.Changed(nothing)
	p.cuda.Scale(nothing, 1)
	if columns, _ := p.cuda.Best(nothing, 5); columns == nil || len(columns) > 0 {
		t.Errorf("of no number, the best are %v", columns)
	}
	if columns, _ := p.host.Best(accel.Tensor{Data: []float32{1}, Rows: 1, Cols: 1}, 1); columns != nil {
		t.Error("the host finds something")
	}
}
