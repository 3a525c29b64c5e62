package prefetch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
)

// awayModel has every other layer on a device.
func awayModel(use Use) ([]Weight, *disk) {
	ws, d := simModel(use)
	for i := range ws {
		ws[i].Away = ws[i].Layer%2 == 1
	}
	return ws, d
}

// hostPass uses every tile once, but those that a device has, and settles those
// that are new to it.
func hostPass(ctx context.Context, s *Store, onDevice map[int]bool) error {
	if err := s.Begin(ctx, PassDecode); err != nil {
		return err
	}
	defer s.End()
	for w := range s.plan.Weights {
		first, n, _ := s.plan.TileRange(w)
		s.Want(first, n) // as a router does, wherever the expert is
		if onDevice[w] {
			continue
		}
		for i := first; i < first+n; i++ {
			b, err := s.Acquire(i)
			if err == nil {
				err = check(s, i, b)
			}
			if err != nil {
				return err
			}
			if s.plan.Weights[w].Away {
				s.Settle(i)
			} else {
				s.Release(i)
			}
		}
		onDevice[w] = s.plan.Weights[w].Away
	}
	return nil
}

// TestAway reads what belongs to a device once, gives it no memory that stays,
// and reads it in every pass when the device is gone.
func TestAway(t *testing.T) {
	for _, use := range []Use{Dense, Expert} {
		for _, share := range []float64{0, 0.3, 0.6, 2} {
			t.Run(fmt.Sprint(use, share), func(t *testing.T) {
				ws, d := awayModel(use)
				p := simPlan(t, ws, share)
				l := NewLedger(p.Needs())
				if share == 2 {
					l = NewLedger(2 * simBytes)
				}
				s, err := Open(p, d, l, Options{})
				if err != nil {
					t.Fatal(err)
				}
				onDevice := map[int]bool{}
				run := func() uint64 {
					t.Helper()
					before := s.Stats().BytesRead
					if err := hostPass(t.Context(), s, onDevice); err != nil {
						t.Fatal(err)
					}
					if l.Used() > l.Total() {
						t.Fatalf("%d of %d bytes are used", l.Used(), l.Total())
					}
					return s.Stats().BytesRead - before
				}
				run()
				st := s.Stats()
				if st.PinnedBytes > simBytes/2 {
					t.Errorf("%d bytes are pinned, %d stay here", st.PinnedBytes, simBytes/2)
				}
				if use == Dense && st.SyncLoads > 0 {
					t.Errorf("%d tiles were not read ahead", st.SyncLoads)
				}
				run() // for which something may have been read before
				read, want := run(), simBytes/2-uint64(st.PinnedBytes)
				if slack := uint64(20 * simTile); use == Dense && (read > want+slack || read+slack < want) {
					t.Errorf("a pass reads %d bytes, want about %d", read, want)
				}
				if share > 0.5 && read > 0 {
					t.Errorf("a pass reads %d bytes, all that stays here fits", read)
				}
				settled := int64(0)
				for _, m := range s.Map(nil) {
					settled += m.Settled
				}
				if settled != simBytes/2 {
					t.Errorf("%d bytes have settled, want %d", settled, simBytes/2)
				}

				clear(onDevice)
				s.Recall()
				for range 2 {
					if err := pass(t.Context(), s, 0); err != nil {
						t.Fatal(err)
					}
				}
				if now := s.Stats().PinnedBytes; share == 2 && now != simBytes {
					t.Errorf("%d of %d bytes are pinned after the recall", now, simBytes)
				}
				if l.Used() > l.Total() {
					t.Errorf("%d of %d bytes are used", l.Used(), l.Total())
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				if l.Used() != 0 {
					t.Errorf("%d bytes of the budget were not given back", l.Used())
				}
			})
		}
	}
}

// TestAwayAtRandom settles, cancels, resizes and recalls in any order.
func TestAwayAtRandom(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 1))
		ws, d := awayModel([]Use{Dense, Expert}[seed%2])
		for i := range ws {
			ws[i].Away = rng.IntN(3) > 0
		}
		p := simPlan(t, ws, rng.Float64())
		s, l := simStore(t, p, d, Options{})
		onDevice := map[int]bool{}
		for range 12 {
			ctx, cancel := context.WithCancel(t.Context())
			switch rng.IntN(5) {
			case 0:
				cancel()
			case 1:
				_ = s.Resize(p.Needs() + int64(rng.Float64()*simBytes)) // or it does not fit
			case 2:
				if rng.IntN(4) == 0 {
					clear(onDevice)
					s.Recall()
				}
			}
			err := hostPass(ctx, s, onDevice)
			if err != nil && ctx.Err() == nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			cancel()
			if l.Used() > l.Total() {
				t.Fatalf("seed %d: %d of %d bytes are used", seed, l.Used(), l.Total())
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if l.Used() != 0 {
			t.Errorf("seed %d: %d bytes of the budget were not given back", seed, l.Used())
		}
	}
}
