package prefetch

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// PassKind says what a pass is for.
type PassKind uint8

// The kinds of passes.
const (
	PassDecode PassKind = iota
	PassPrefill
	PassVerify
)

// The life of a tile. A pin goes from empty to ready once; a streamed tile
// goes round.
const (
	tileEmpty  uint32 = iota // not in memory
	tileQueued               // has its place in memory; being read, or about to be
	tileReady
)

// readers is how many goroutines read and pack. While the first pass loads a
// model they keep every core busy; later they mostly wait for the disk.
const readers = 4

// tile is the state of a Tile. Fields but state and seen are guarded by
// Store.mu, or belong to the reader while the tile is queued; buf may be read
// once state is ready.
type tile struct {
	state atomic.Uint32
	seen  atomic.Uint64 // pass that last asked for it
	buf   []byte
	slot  int    // of the ring; -1 for a pin
	pass  uint64 // that a streamed tile was read for
	drop  bool   // its pass ended while it was being read
}

// Store holds the weights of a plan. Begin, End and Close belong to one
// goroutine; Acquire and Release are for any.
type Store struct {
	plan   *Plan
	src    Source
	ledger *Ledger
	pins   *Arena
	ring   *Arena
	tiles  []tile

	mu      sync.Mutex
	changed sync.Cond // a tile became ready, an error came, or a pass was cancelled
	work    sync.Cond // the queue has entries
	queue   []int     // tiles to read, in order
	free    []int     // slots
	cursor  int       // next tile to queue
	ahead   uint64    // the pass that cursor is in
	pass    uint64    // number of the pass in hand; 0 before the first
	ctx     context.Context
	err     error // of reading; ends the passes
	closed  bool
	wg      sync.WaitGroup

	began                                         time.Time
	hitsPinned, hitsRing, late, syncLoads         atomic.Uint64
	bytesRead, stall, readNanos, passes, passTime atomic.Uint64
	loaded                                        atomic.Uint64
}

// Options adjusts a store.
type Options struct{}

// Open takes the memory of the plan and starts to read. It returns at once:
// the first pass waits for what it needs. The store owns src from here on.
func Open(plan *Plan, src Source, l *Ledger, _ Options) (*Store, error) {
	s := &Store{plan: plan, src: src, ledger: l, tiles: make([]tile, len(plan.Tiles)), ahead: 1}
	s.changed.L, s.work.L = &s.mu, &s.mu
	var err error
	if s.pins, err = l.Alloc(plan.PinBytes); err != nil {
		return nil, err
	}
	if s.ring, err = l.Alloc(plan.RingBytes()); err != nil {
		s.pins.Free()
		return nil, err
	}
	for i := range plan.Tiles {
		t := &plan.Tiles[i]
		if s.tiles[i].slot = -1; t.Pin {
			s.tiles[i].buf = s.pins.b[t.at : t.at+t.Packed : t.at+t.Packed]
		}
	}
	for i := range plan.Slots {
		s.free = append(s.free, i)
	}
	s.queue = make([]int, 0, len(plan.Tiles))
	s.advance()
	for range readers {
		s.wg.Go(s.read)
	}
	return s, nil
}

// advance queues what comes next: pins not yet read, and streamed tiles as
// long as there are slots. It stops at most one pass ahead. Callers but Open
// hold mu.
func (s *Store) advance() {
	n := len(s.tiles)
	for skipped := 0; skipped < n && !s.closed && s.err == nil; {
		if s.cursor == n {
			if s.ahead > s.pass {
				return // the next pass has not begun
			}
			s.cursor, s.ahead = 0, s.ahead+1
		}
		t, pin := &s.tiles[s.cursor], s.plan.Tiles[s.cursor].Pin
		switch {
		case t.state.Load() == tileEmpty && !pin:
			if len(s.free) == 0 {
				return
			}
			s.take(t)
			t.pass = s.ahead
			s.enqueue(s.cursor)
			skipped = 0
		case t.state.Load() == tileEmpty:
			s.enqueue(s.cursor)
			skipped = 0
		case !pin:
			return // still in use by the pass before: the ring is full of it
		default:
			skipped++
		}
		s.cursor++
	}
}

// take gives a streamed tile the last free slot.
func (s *Store) take(t *tile) {
	t.slot = s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	at := int64(t.slot) * s.plan.SlotSize
	t.buf = s.ring.b[at : at+s.plan.SlotSize : at+s.plan.SlotSize]
}

func (s *Store) enqueue(i int) {
	s.tiles[i].state.Store(tileQueued)
	s.queue = append(s.queue, i)
	s.work.Signal()
}

// read is the life of a reader.
func (s *Store) read() {
	var raw []byte // the file's bytes of a tile that is packed
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for len(s.queue) == 0 && !s.closed {
			s.work.Wait()
		}
		if s.closed {
			return
		}
		i := s.queue[0]
		s.queue = append(s.queue[:0], s.queue[1:]...)
		s.mu.Unlock()
		err := s.fetch(i, &raw)
		s.mu.Lock()
		s.finish(i, err)
	}
}

// fetch brings tile i into its place.
func (s *Store) fetch(i int, raw *[]byte) error {
	t, w := &s.plan.Tiles[i], &s.plan.Weights[s.plan.Tiles[i].Weight]
	dst := s.tiles[i].buf[:t.Packed]
	into := dst
	if w.Pack != nil {
		if int64(len(*raw)) < t.Len {
			*raw = make([]byte, t.Len)
		}
		into = (*raw)[:t.Len]
	}
	start := time.Now()
	err := s.src.ReadAt(into[:t.Len], t.Shard, t.Off)
	if err != nil { // once more: a passing fault should not end an answer
		err = s.src.ReadAt(into[:t.Len], t.Shard, t.Off)
	}
	s.readNanos.Add(uint64(time.Since(start)))
	if err != nil {
		return fmt.Errorf("prefetch: weight %s: %w", w.Name, err)
	}
	s.bytesRead.Add(uint64(t.Len))
	if w.Pack != nil {
		w.Pack(dst, into, t.Rows)
	}
	return nil
}

// finish publishes tile i, or what went wrong with it.
func (s *Store) finish(i int, err error) {
	t := &s.tiles[i]
	switch {
	case err != nil:
		if changed := s.src.Changed(); changed != nil {
			err = changed
		}
		if s.err == nil {
			s.err = err
		}
		s.vacate(t)
	case t.drop:
		s.vacate(t)
		s.advance()
	default:
		if t.slot < 0 {
			s.loaded.Add(uint64(s.plan.Tiles[i].Packed))
		}
		t.state.Store(tileReady)
	}
	s.changed.Broadcast()
}

// vacate makes a tile empty and its slot free.
func (s *Store) vacate(t *tile) {
	t.drop = false
	if t.slot >= 0 {
		s.free = append(s.free, t.slot)
		t.slot, t.buf = -1, nil
	}
	t.state.Store(tileEmpty)
}

// Begin starts a pass over the weights. When ctx is cancelled, every Acquire
// of the pass returns its error.
func (s *Store) Begin(ctx context.Context, _ PassKind) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.ctx = ctx
	s.pass++
	s.began = time.Now()
	s.advance()
	return nil
}

// End finishes the pass. What was read for it and not used is dropped.
func (s *Store) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ctx = nil
	s.passes.Add(1)
	if s.pass > 1 {
		s.passTime.Add(uint64(time.Since(s.began)))
	}
	if s.plan.Slots == 0 {
		return
	}
	for i := range s.tiles {
		t := &s.tiles[i]
		if t.slot < 0 || t.pass > s.pass {
			continue
		}
		if t.state.Load() == tileReady {
			s.vacate(t)
		} else {
			t.drop = true
		}
	}
	if s.ahead <= s.pass {
		s.cursor, s.ahead = 0, s.pass+1
	}
	s.advance()
}

// Acquire returns the bytes of a tile and waits until they are there. They
// may be read until Release.
func (s *Store) Acquire(i int) ([]byte, error) {
	t := &s.tiles[i]
	if t.state.Load() != tileReady {
		return s.await(i)
	}
	if pass := s.pass; t.seen.Load() != pass && t.seen.Swap(pass) != pass {
		if s.plan.Tiles[i].Pin {
			s.hitsPinned.Add(1)
		} else {
			s.hitsRing.Add(1)
		}
	}
	return t.buf, nil
}

// await is Acquire for a tile that is not there yet.
func (s *Store) await(i int) ([]byte, error) {
	start := time.Now()
	defer func() { s.stall.Add(uint64(time.Since(start))) }()
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.tiles[i]
	if t.seen.Swap(s.pass) != s.pass {
		if t.state.Load() == tileEmpty {
			s.syncLoads.Add(1)
		} else {
			s.late.Add(1)
		}
	}
	if ctx := s.ctx; ctx != nil {
		stop := context.AfterFunc(ctx, func() {
			s.mu.Lock()
			s.changed.Broadcast()
			s.mu.Unlock()
		})
		defer stop()
	}
	for {
		switch {
		case t.state.Load() == tileReady:
			return t.buf, nil
		case s.err != nil:
			return nil, s.err
		case s.closed:
			return nil, fmt.Errorf("prefetch: the store is closed")
		case s.ctx != nil && s.ctx.Err() != nil:
			return nil, s.ctx.Err()
		case t.state.Load() == tileEmpty && !s.demand(t, i):
			return nil, fmt.Errorf("prefetch: tile %d is asked for out of order and the ring is full", i)
		}
		s.changed.Wait()
	}
}

// demand queues a tile that the cursor does not bring in time, ahead of
// everything else.
func (s *Store) demand(t *tile, i int) bool {
	if !s.plan.Tiles[i].Pin {
		if len(s.free) == 0 && !s.evict(i) {
			return false
		}
		s.take(t)
		t.pass = s.pass
	}
	s.enqueue(i)
	copy(s.queue[1:], s.queue[:len(s.queue)-1])
	s.queue[0] = i
	return true
}

// evict gives up the ready tile that is needed last and that nobody holds:
// one read for the next pass, or asked for by nobody in this one.
func (s *Store) evict(but int) bool {
	for i := len(s.tiles) - 1; i >= 0; i-- {
		t := &s.tiles[i]
		if i != but && t.slot >= 0 && t.state.Load() == tileReady && t.seen.Load() != s.pass {
			s.vacate(t)
			if i < s.cursor && t.pass == s.ahead {
				s.cursor = i
			}
			return true
		}
	}
	return false
}

// Want says that n tiles from first are about to be asked for. A resident
// tile costs one atomic load.
func (s *Store) Want(first, n int) {
	for i := first; i < first+n; i++ {
		if s.tiles[i].state.Load() == tileEmpty {
			s.mu.Lock()
			if t := &s.tiles[i]; t.state.Load() == tileEmpty {
				s.demand(t, i) // without room, Acquire will wait for some
			}
			s.mu.Unlock()
		}
	}
}

// Release says that the last rows of a tile were used in this pass. Its slot
// takes the next tile.
func (s *Store) Release(i int) {
	if s.plan.Tiles[i].Pin {
		return
	}
	s.mu.Lock()
	s.vacate(&s.tiles[i])
	s.advance()
	s.mu.Unlock()
}

// Row reads one row of a weight that is used by rows.
func (s *Store) Row(weight int, row int64, dst []byte) error {
	w := &s.plan.Weights[weight]
	if row < 0 || row >= w.Rows {
		return fmt.Errorf("prefetch: weight %s has no row %d", w.Name, row)
	}
	if err := s.src.ReadAt(dst[:w.RowBytes], w.Shard, w.Off+row*w.RowBytes); err != nil {
		return fmt.Errorf("prefetch: weight %s: %w", w.Name, err)
	}
	return nil
}

// Changed reports whether the files are still those that were opened.
func (s *Store) Changed() error { return s.src.Changed() }

// Stats returns a look at the store; it never waits for a reader.
func (s *Store) Stats() Stats {
	st := Stats{
		HitsPinned: s.hitsPinned.Load(), HitsRing: s.hitsRing.Load(),
		Late: s.late.Load(), SyncLoads: s.syncLoads.Load(),
		BytesRead: s.bytesRead.Load(), StallNanos: s.stall.Load(), ReadNanos: s.readNanos.Load(),
		Passes: s.passes.Load(), PassNanos: s.passTime.Load(), LoadedBytes: s.loaded.Load(),
		BudgetBytes: s.ledger.Total(), WeightBytes: s.plan.Bytes, PinnedBytes: s.plan.PinBytes,
		RingBytes: s.plan.RingBytes(), StreamedBytes: s.plan.StreamedBytes(),
		Source: s.src.Name(), BoundSeconds: s.plan.Bound.Seconds(),
	}
	if st.Passes > 1 && st.BoundSeconds > 0 {
		st.BoundRatio = st.BoundSeconds / (float64(st.PassNanos) / 1e9 / float64(st.Passes-1))
	}
	if st.Passes > 1 {
		if st.Limiter = "compute"; st.StallNanos*10 > st.PassNanos {
			st.Limiter = "disk"
		}
	}
	return st
}

// Close stops the readers, waits for them and gives the memory back.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.work.Broadcast()
	s.changed.Broadcast()
	s.mu.Unlock()
	s.wg.Wait()
	s.pins.Free()
	s.ring.Free()
	return s.src.Close()
}
