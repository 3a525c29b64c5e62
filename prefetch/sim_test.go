package prefetch

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// disk is a source whose every 8 bytes say where they are. It delivers so
// many bytes a second of the clock that it runs under, one read after another.
type disk struct {
	size  int64
	speed float64 // bytes a second; 0: at once
	mu    sync.Mutex
	free  time.Time // when the last read will be done
}

func (d *disk) ReadAt(p []byte, _ int, off int64) (int, error) {
	if off >= d.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), d.size-off))
	time.Sleep(d.takes(n))
	for i := 0; i+8 <= n; i += 512 {
		binary.LittleEndian.PutUint64(p[i:], uint64(off+int64(i)))
	}
	return n, nil
}

// takes is how long a read of n bytes takes that begins now.
func (d *disk) takes(n int) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.speed <= 0 {
		return 0
	}
	if now := time.Now(); d.free.Before(now) {
		d.free = now
	}
	d.free = d.free.Add(time.Duration(float64(n) / d.speed * 1e9))
	return time.Until(d.free)
}

func (d *disk) Align() int64    { return 512 }
func (d *disk) Changed() error  { return nil }
func (d *disk) Name() string    { return "fake" }
func (d *disk) Path(int) string { return "fake.gguf" }
func (d *disk) Close() error    { return nil }

// Sizes of the simulated model: tiles of 64 KiB, one kilobyte a row.
const (
	simTile   = 64 << 10
	simRow    = 1 << 10
	simLayers = 32
	simWeight = 6 * simTile
)

func simModel(use Use) ([]Weight, *disk) {
	var ws []Weight
	off := int64(4096)
	for l := range simLayers {
		for m := range 4 {
			ws = append(ws, Weight{
				Name: fmt.Sprintf("blk.%d.%d", l, m), Layer: l, Extent: Extent{0, off, simWeight},
				Rows: simWeight / simRow, RowBytes: simRow, RowAlign: 16, Use: use,
			})
			off += simWeight
		}
	}
	return ws, &disk{size: off}
}

const simBytes = simLayers * 4 * simWeight

// simPlan plans with a share of the weights in memory beside the ring.
func simPlan(t testing.TB, ws []Weight, share float64) *Plan {
	t.Helper()
	o := PlanOptions{TileBytes: simTile, RingBytes: 16 * simTile, Readers: 4}
	room := int64(share*simBytes) + 16*simTile + 4*(simTile+8192)
	p, err := BuildPlan(ws, Budget{Total: room}, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func simStore(t testing.TB, p *Plan, src Source, o Options) (*Store, *Ledger) {
	t.Helper()
	l := NewLedger(p.Needs())
	s, err := Open(p, src, l, o)
	if err != nil {
		t.Fatal(err)
	}
	return s, l
}

// check verifies that b is what the file holds for tile i.
func check(s *Store, i int, b []byte) error {
	e := s.plan.Tiles[i].Extent
	if int64(len(b)) < e.Len {
		return fmt.Errorf("tile %d has %d of %d bytes", i, len(b), e.Len)
	}
	for at := int64(0); at < e.Len; at += 4096 {
		if got := binary.LittleEndian.Uint64(b[at:]); got != uint64(e.Off+at) {
			return fmt.Errorf("tile %d at %d holds bytes of 0x%x, want 0x%x", i, at, got, e.Off+at)
		}
	}
	return nil
}

// pass uses every tile once, which takes work altogether. Bytes are checked
// before and after, so a slot that is overwritten while it is held shows. The
// next tile is held early if it is there.
func pass(ctx context.Context, s *Store, work time.Duration) error {
	if err := s.Begin(ctx, PassDecode); err != nil {
		return err
	}
	defer s.End()
	for i := range s.tiles {
		b, err := s.Acquire(i)
		if err != nil {
			return err
		}
		if err := check(s, i, b); err != nil {
			return err
		}
		if i+1 < len(s.tiles) {
			if b := s.TryAcquire(i + 1); b != nil {
				if err := check(s, i+1, b); err != nil {
					return err
				}
			}
		}
		if work > 0 {
			time.Sleep(work / time.Duration(len(s.tiles)))
		}
		if err := check(s, i, b); err != nil {
			return err
		}
		s.Release(i)
	}
	return nil
}

// TestFaults lets every n-th read fail in every way: the pass ends with an
// error or goes on, and the next one is whole.
func TestFaults(t *testing.T) {
	ws, d := simModel(Dense)
	ws = ws[:16]
	for name, f := range map[string]Fault{"EIO": {Err: ErrIO}, "short": {Short: true}} {
		for n := 1; n <= 120; n += 7 {
			broken := true
			src := &Faulty{Source: d, Fault: func(call int) Fault {
				if broken && call >= n && call < n+3 { // more than the second try
					return f
				}
				return Fault{}
			}}
			p := simPlan(t, ws, float64(len(ws))/float64(4*simLayers)/2)
			s, _ := simStore(t, p, src, Options{})
			failed := 0
			for range 4 {
				if err := pass(t.Context(), s, 0); err != nil {
					failed++
				}
			}
			src.mu.Lock()
			broken = false
			src.mu.Unlock()
			if err := pass(t.Context(), s, 0); err != nil {
				t.Errorf("%s at read %d: still failing: %v", name, n, err)
			}
			if failed > 3 {
				t.Errorf("%s at read %d: %d passes failed", name, n, failed)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestOldFault breaks the disk between two passes: the reads that began then
// fail in the second, which does them again.
func TestOldFault(t *testing.T) {
	for _, share := range []float64{0, .5} {
		synctest.Test(t, func(t *testing.T) {
			ws, d := simModel(Dense)
			var broken atomic.Bool
			src := &Faulty{Source: d, Fault: func(int) Fault {
				if broken.Load() {
					return Fault{Err: ErrIO, Delay: time.Second}
				}
				return Fault{Delay: time.Millisecond}
			}}
			s, _ := simStore(t, simPlan(t, ws, share), src, Options{})
			defer s.Close()
			if err := pass(t.Context(), s, 0); err != nil {
				t.Fatal(err)
			}
			broken.Store(true)
			calls := src.Calls()
			for src.Calls() == calls {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(1500 * time.Millisecond) // into the second try
			broken.Store(false)
			if err := pass(t.Context(), s, 0); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCancel cancels passes at any time and closes while reads are on their
// way.
func TestCancel(t *testing.T) {
	ws, d := simModel(Dense)
	d.speed = float64(simBytes) * 20
	p := simPlan(t, ws, .5)
	s, l := simStore(t, p, d, Options{})
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
		_ = pass(ctx, s, 0) // cancelled or not
		cancel()
	}
	if err := pass(t.Context(), s, 0); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if l.Used() != 0 {
		t.Errorf("%d bytes of the budget were not given back", l.Used())
	}
}

// TestResize changes the budget between and during passes.
func TestResize(t *testing.T) {
	ws, d := simModel(Dense)
	full := simPlan(t, ws, 1.5)
	s, l := simStore(t, full, d, Options{})
	least := simPlan(t, ws, 0).Needs()
	if err := pass(t.Context(), s, 0); err != nil {
		t.Fatal(err)
	}
	for i, share := range []float64{.5, .9, 0, .3, 1.2, .1, 1.2} {
		total := least + int64(share*simBytes)
		done := make(chan error, 1)
		if i%2 == 0 {
			done <- s.Resize(total)
		} else {
			go func() { done <- s.Resize(total) }()
		}
		for range 3 {
			if err := pass(t.Context(), s, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if err := pass(t.Context(), s, 0); err != nil {
			t.Fatal(err)
		}
		if l.Used() > total {
			t.Errorf("budget %d, used %d", total, l.Used())
		}
		if st := s.Stats(); share < 1 && st.StreamedBytes == 0 || share > 1 && st.StreamedBytes != 0 {
			t.Errorf("share %.1f: %d bytes stream", share, st.StreamedBytes)
		}
	}
	// What others need comes from the pins, and goes back to them.
	before := s.Stats().PinnedBytes
	a, err := l.Alloc(simBytes / 2)
	if err != nil {
		t.Fatal(err)
	}
	if now := s.Stats().PinnedBytes; now > before-simBytes/4 {
		t.Errorf("%d of %d bytes are still pinned", now, before)
	}
	a.Free()
	for range 2 {
		if err := pass(t.Context(), s, 0); err != nil {
			t.Fatal(err)
		}
	}
	if now := s.Stats().PinnedBytes; now < before-simBytes/8 {
		t.Errorf("only %d of %d bytes are pinned again", now, before)
	}
	if err := s.Resize(simTile); err == nil {
		t.Error("a budget of one tile was accepted")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if l.Used() != 0 {
		t.Errorf("%d bytes of the budget were not given back", l.Used())
	}
}

// TestExperts chooses a few weights a pass, some more often than others.
// TestOutOfOrder: a caller that does not keep to the order of the weights is
// served, late, and never waits for ever.
func TestOutOfOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ws, d := simModel(Dense)
		p := simPlan(t, ws, 0.25)
		s, _ := simStore(t, p, d, Options{})
		defer s.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for range 2 {
			if err := s.Begin(ctx, PassDecode); err != nil {
				t.Fatal(err)
			}
			for i := len(p.Tiles) - 1; i >= 0; i-- {
				b, err := s.Acquire(i)
				if err != nil {
					t.Fatalf("tile %d: %v", i, err)
				}
				if err := check(s, i, b); err != nil {
					t.Fatal(err)
				}
				s.Release(i)
			}
			s.End()
		}
	})
}

func TestExperts(t *testing.T) {
	ws, d := simModel(Expert)
	p := simPlan(t, ws, .3)
	if p.ExpertSlots == 0 || p.Pins != 0 {
		t.Fatalf("%d slots, %d pins", p.ExpertSlots, p.Pins)
	}
	s, l := simStore(t, p, d, Options{})
	for n := range 200 {
		if err := s.Begin(t.Context(), PassDecode); err != nil {
			t.Fatal(err)
		}
		var chosen []int
		for k := range 8 {
			w := (n*7 + k*11) % len(ws)
			if k < 5 {
				w = k * 5 // a favourite
			}
			first, tiles, _ := p.TileRange(w)
			s.Want(first, tiles)
			chosen = append(chosen, w)
		}
		for _, w := range chosen {
			first, tiles, _ := p.TileRange(w)
			for i := first; i < first+tiles; i++ {
				b, err := s.Acquire(i)
				if err == nil {
					err = check(s, i, b)
				}
				if err != nil {
					t.Fatal(err)
				}
				s.Release(i)
			}
		}
		s.End()
	}
	st := s.Stats()
	if share := float64(st.ExpertHits) / float64(st.ExpertHits+st.ExpertMisses); share < .6 {
		t.Errorf("%.2f of the wanted tiles were there", share)
	}
	if st.SyncLoads != 0 {
		t.Errorf("%d sync loads", st.SyncLoads)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if l.Used() != 0 {
		t.Errorf("%d bytes of the budget were not given back", l.Used())
	}
}

// TestWorkers lets several workers use tiles out of step.
func TestWorkers(t *testing.T) {
	ws, d := simModel(Dense)
	s, _ := simStore(t, simPlan(t, ws, .4), d, Options{Threads: 4})
	for range 5 {
		if err := s.Begin(t.Context(), PassDecode); err != nil {
			t.Fatal(err)
		}
		next := make(chan int)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for i := range next {
					b, err := s.Acquire(i)
					if err == nil {
						err = check(s, i, b)
					}
					if err != nil {
						t.Error(err)
						continue
					}
					s.Release(i)
				}
			})
		}
		for i := range s.tiles {
			next <- i
		}
		close(next)
		wg.Wait()
		s.End()
	}
	if st := s.Stats(); st.SyncLoads != 0 {
		t.Errorf("%d sync loads", st.SyncLoads)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
