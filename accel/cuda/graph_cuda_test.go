//go:build cuda && linux && amd64

package cuda

import (
	"testing"

	"github.com/runnel-chat/runnel/accel/cuda/libcuda"
)

// TestOldestGraphs fills the graphs beyond what is kept: those that ran last
// stay.
func TestOldestGraphs(t *testing.T) {
	g := newGraphs()
	series := func(n int) []libcuda.Kernel { return []libcuda.Kernel{{Threads: n, Args: []uint64{1}}} }
	for n := range mostGraphs {
		if g.find(series(n)) != nil || g.oldest() != nil {
			t.Fatal("a new series is known, or one too many")
		}
	}
	first := g.find(series(0))
	if first == nil {
		t.Fatal("the first series is not known")
	}
	g.find(series(-1))
	if old := g.oldest(); old == nil || old.kernels[0].Threads != 1 {
		t.Errorf("%+v was taken out, want the second series", old)
	}
	if g.oldest() != nil || g.find(series(0)) != first || g.find(series(1)) != nil {
		t.Error("others went with it")
	}
}
