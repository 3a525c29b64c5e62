package prefetch

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// hinting is a model of layers with four experts each, of which every pass
// chooses two a layer at random, under a fake disk and a fake clock. foresee
// guesses the choice for a layer from the choice itself; nil: nobody does. It
// returns the time of a pass and what the store says.
func hinting(t *testing.T, foresee func(rng *rand.Rand, chosen []int) []int) (time.Duration, Stats) {
	const passes, warm = 150, 50
	const speed = float64(simBytes)
	ws, d := simModel(Expert)
	d.speed = speed
	p := simPlan(t, ws, .3)
	s, _ := simStore(t, p, d, Options{Disk: Disk{BytesPerSecond: speed}})
	defer s.Close()
	rng, guesses := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(3, 4))
	choose := func() []int { return rng.Perm(4)[:2] }
	each := func(layer int, experts []int, do func(first, n int)) {
		for _, e := range experts {
			first, n, _ := p.TileRange(4*layer + e)
			do(first, n)
		}
	}
	var start time.Time
	for n := range passes {
		if n == warm {
			start = time.Now()
		}
		if err := s.Begin(t.Context(), PassDecode); err != nil {
			t.Fatal(err)
		}
		next := choose()
		for layer := range simLayers {
			chosen := next
			each(layer, chosen, s.Want)
			if next = choose(); foresee != nil && layer+1 < simLayers && s.Hinting() {
				each(layer+1, foresee(guesses, next), s.Hint)
			}
			each(layer, chosen, func(first, n int) {
				for i := first; i < first+n; i++ {
					b, err := s.Acquire(i)
					if err == nil {
						err = check(s, i, b)
					}
					if err != nil {
						t.Fatal(err)
					}
					s.Release(i)
				}
			})
			time.Sleep(10 * time.Millisecond) // of computing
		}
		s.End()
	}
	return time.Since(start) / (passes - warm), s.Stats()
}

// TestHints: hints that come true make a pass faster. Random ones leave it as
// fast as it was, because they are soon not taken any more.
func TestHints(t *testing.T) {
	var without time.Duration
	for _, c := range []struct {
		name    string
		foresee func(*rand.Rand, []int) []int
		most    float64 // of the time without hints
		share   float64 // of the bytes used, at most read for hints
	}{
		{"none", nil, 1, 0},
		{"true", func(_ *rand.Rand, chosen []int) []int { return chosen }, .8, 1},
		{"random", func(rng *rand.Rand, _ []int) []int { return rng.Perm(4)[:2] }, 1.02, .02},
	} {
		synctest.Test(t, func(t *testing.T) {
			took, st := hinting(t, c.foresee)
			if c.foresee == nil {
				without = took
			}
			share := float64(st.HintedUsed) / float64(max(1, st.HintedBytes))
			what := fmt.Sprintf("%s: %v a pass, %v without; %d bytes hinted, %.2f came true",
				c.name, took, without, st.HintedBytes, share)
			t.Log(what)
			if float64(took) > c.most*float64(without) {
				t.Error(what)
			}
			if hinted := st.HintedBytes > 0; hinted != (c.foresee != nil) {
				t.Error(what)
			}
			if used := 150. * simBytes / 2; float64(st.HintedBytes) > c.share*used {
				t.Errorf("%s: %d bytes hinted of %.0f used", c.name, st.HintedBytes, used)
			}
			if st.SyncLoads != 0 {
				t.Errorf("%s: %d sync loads", c.name, st.SyncLoads)
			}
		})
	}
}
