package prefetch

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestBound runs a fake disk under a fake clock: a pass takes what the longer
// of computing and reading takes, for every share of pinned weights.
func TestBound(t *testing.T) {
	const passes = 6
	const speed = float64(simBytes) // all weights in a second
	for _, share := range []float64{0, .25, .5, .75, .9, .95, 1.1} {
		for _, work := range []time.Duration{50 * time.Millisecond, 300 * time.Millisecond, time.Second} {
			synctest.Test(t, func(t *testing.T) {
				ws, d := simModel(Dense)
				d.speed = speed
				p := simPlan(t, ws, share)
				s, _ := simStore(t, p, d, Options{Disk: Disk{BytesPerSecond: speed}})
				for range passes + 1 {
					if err := pass(t.Context(), s, work); err != nil {
						t.Fatal(err)
					}
				}
				st := s.Stats()
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				name := fmt.Sprintf("share %.2f, work %v", share, work)
				bound := max(work.Seconds(), float64(p.StreamedBytes())/speed)
				if got := bound / st.PassSeconds; got < .95 || got > 1.1 {
					t.Errorf("%s: bound ratio %.3f (bound %.3f s, pass %.3f s)", name, got, bound, st.PassSeconds)
				}
				if st.BoundRatio < .94 {
					t.Errorf("%s: the store says a bound ratio of %.3f", name, st.BoundRatio)
				}
				if st.SyncLoads != 0 {
					t.Errorf("%s: %d sync loads", name, st.SyncLoads)
				}
				if uses := st.HitsPinned + st.HitsRing + st.Late + st.SyncLoads; uses != uint64((passes+1)*len(p.Tiles)) {
					t.Errorf("%s: %d uses counted of %d", name, uses, (passes+1)*len(p.Tiles))
				}
				// The ring may be ahead by its own size.
				want := p.PinBytes + (passes+1)*p.StreamedBytes()
				if over := int64(st.BytesRead) - want; over < 0 || over > p.RingBytes() {
					t.Errorf("%s: read %d bytes more than %d", name, over, want)
				}
				if share >= 1 && st.StreamedBytes != 0 {
					t.Errorf("%s: %d bytes stream", name, st.StreamedBytes)
				}
			})
		}
	}
}

// TestBoundOfAFasterDisk: a disk that was slow at first, or as it was
// calibrated, does not make the store say that it is faster than can be.
func TestBoundOfAFasterDisk(t *testing.T) {
	const speed = float64(simBytes)
	for _, calibrated := range []float64{0, speed / 3} {
		synctest.Test(t, func(t *testing.T) {
			ws, d := simModel(Dense)
			d.speed = speed / 4
			s, _ := simStore(t, simPlan(t, ws, .5), d, Options{Disk: Disk{BytesPerSecond: calibrated}})
			for range 5 {
				if err := pass(t.Context(), s, 50*time.Millisecond); err != nil {
					t.Fatal(err)
				}
				d.mu.Lock() // its readers may be ahead
				d.speed = speed
				d.mu.Unlock()
			}
			st := s.Stats()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if st.BoundRatio > 1 || st.BoundRatio < .9 {
				t.Errorf("calibrated at %g: a bound ratio of %.3f", calibrated, st.BoundRatio)
			}
		})
	}
}
