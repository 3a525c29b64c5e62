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

// The life of a tile. A worker takes it from ready to held and back by one
// atomic operation each; everything else happens under Store.mu.
const (
	tileEmpty  uint32 = iota // not in memory
	tileQueued               // has its place in memory; being read, or about to be
	tileReady
	tileHeld // in use until its Release
)

// home is the memory that a tile lies in.
type home uint8

const (
	homeNone home = iota
	homePin
	homeRing
	homeCache // of experts
)

// tile is the state of a Tile. Fields but state and seen are guarded by
// Store.mu, or belong to the reader while the tile is queued; buf may be read
// by whoever holds the tile.
type tile struct {
	state atomic.Uint32
	seen  atomic.Uint64 // pass that last used it
	buf   []byte
	home  home
	slot  int    // of the ring or the cache
	pass  uint64 // that a tile in the ring was read for
	asked bool   // somebody waits for it
	drop  bool   // leaves as soon as nobody needs it

	settled bool // a device has a copy

	// Of an expert's tile.
	wanted bool    // asked for by name and not used yet
	hinted bool    // read for a hint that has not come true yet
	score  float64 // how often it was used, halved every scoreHalf passes
	scored uint64  // pass at which score is right
}

// Store holds the weights of a plan. Begin, Verify, End and Close belong to one
// goroutine; the other methods are for any.
type Store struct {
	plan   *Plan
	src    Source
	ledger *Ledger
	opt    Options

	pins, ring, cache region
	staging           *Arena
	tiles             []tile

	mu      sync.Mutex
	changed sync.Cond // a tile became ready, an error came, or a pass was cancelled
	work    sync.Cond // there is something to read
	layout  Layout    // in force; tiles beyond it leave as they are released
	held    int64     // bytes taken from the ledger

	lead    fifo  // tiles to read before those of queue: somebody waits
	queue   fifo  // tiles to read, in the order of a pass
	starved fifo  // asked for, but the ring had no slot to give
	wants   fifo  // experts' tiles that wait for a slot of the cache
	free    []int // slots of the ring
	inRing  []int // tile in each slot; -1: none
	spare   []int // slots of the cache
	inCache []int // tile in each slot; -1: none
	hand    int   // where the next victim is looked for
	hints   hints
	hinting bool // hints are taken in this pass; written by Begin alone

	cursor     int    // next tile to queue
	ahead      uint64 // the pass that cursor is in
	pass       uint64 // number of the pass in hand; 0 before the first
	inPass     bool
	kind       PassKind
	ctx        context.Context
	err        error     // of reading; ends the pass
	looked     time.Time // at the files, by Verify
	lookedRead uint64    // the bytes that had been read then
	closed     bool
	wg         sync.WaitGroup

	leaving atomic.Bool // pins are marked to leave with their Release
	caching atomic.Bool // experts come and go
	rows    []byte      // buffer of Row
	meter   meter
}

// Options adjusts a store.
type Options struct {
	Threads int   // that acquire tiles at once; 0: one
	Keep    int64 // bytes of the ledger that are left to others when the pins grow
	Disk    Disk  // for the bound
}

// Open takes the memory of the plan and starts to read. It returns at once:
// the first pass waits for what it needs. The store owns src from here on.
// From now on the ledger asks the store for memory when it has none left.
func Open(plan *Plan, src Source, l *Ledger, o Options) (*Store, error) {
	o.Threads = max(1, o.Threads)
	s := &Store{plan: plan, src: src, ledger: l, opt: o, tiles: make([]tile, len(plan.Tiles)), ahead: 1}
	s.changed.L, s.work.L = &s.mu, &s.mu
	s.layout = plan.Layout
	s.layout.Slots, s.layout.ExpertSlots = 0, 0 // until made
	if err := s.takeMemory(); err != nil {
		s.freeMemory()
		return nil, err
	}
	s.advance()
	raw := s.staging.Bytes()
	for i := range int64(plan.options.Readers) {
		n := plan.rawBytes
		s.wg.Go(func() { s.read(raw[i*n : (i+1)*n]) })
	}
	l.setReclaim(s.give)
	return s, nil
}

// takeMemory takes what the plan needs.
func (s *Store) takeMemory() error {
	p := s.plan
	var err error
	if s.staging, err = s.ledger.Alloc(p.StagingBytes()); err != nil {
		return err
	}
	if err := s.ledger.Reserve(p.PinBytes); err != nil {
		return err
	}
	s.held = p.PinBytes
	if s.pins, err = newRegion(p.at[len(p.order)]); err != nil {
		return err
	}
	if !s.makeRing(p.Slots) || !s.growCache(p.ExpertSlots) {
		return fmt.Errorf("prefetch: %w: %d MiB for the ring and the experts' cache",
			ErrNoMemory, (p.RingBytes()+p.CacheBytes())>>20)
	}
	return nil
}

func (s *Store) freeMemory() {
	s.pins.free()
	s.ring.free()
	s.cache.free()
	s.staging.Free()
	s.ledger.Free(s.held)
	s.held = 0
}

// Begin starts a pass over the weights. When ctx is cancelled, every Acquire
// of the pass returns its error.
func (s *Store) Begin(ctx context.Context, kind PassKind) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.ctx, s.kind, s.inPass = ctx, kind, true
	s.pass++
	if s.err != nil { // of an earlier pass: what it left out is read now
		s.err = nil
		s.cursor, s.ahead = 0, s.pass
	}
	s.beginHints()
	s.meter.begin()
	s.advance()
	return nil
}

// Verify says, at the end of a pass, whether its weights can be trusted: what
// was read from a file counts only if the file is afterwards what it was. A
// pass that read nothing is trusted for a while without a look.
func (s *Store) Verify() error {
	read, now := s.meter.bytesRead.Load(), time.Now()
	if read == s.lookedRead && now.Sub(s.looked) < changedEvery {
		return nil
	}
	if err := s.src.Changed(); err != nil {
		return fmt.Errorf("prefetch: %w", err)
	}
	s.looked, s.lookedRead = now, read
	return nil
}

// changedEvery is how long files that nothing was read from are trusted.
const changedEvery = 100 * time.Millisecond

var errClosed = fmt.Errorf("prefetch: the store is closed")

// End finishes the pass. What was read for it and not used is dropped, and
// the readers go on with the next one.
func (s *Store) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ctx, s.inPass = nil, false
	s.meter.end(s)
	s.endHints()
	for i := range s.tiles {
		t := &s.tiles[i]
		t.state.CompareAndSwap(tileHeld, tileReady) // of a pass that failed
		t.wanted, t.asked = false, false
		if t.home == homeRing && t.pass <= s.pass {
			t.drop = true
		}
		if t.drop {
			s.dropNow(i)
		}
	}
	s.wants.clear()
	s.starved.clear()
	s.leaving.Store(false)
	if s.ahead <= s.pass {
		s.cursor, s.ahead = 0, s.pass+1
	}
	s.grow()
	s.advance()
}

// Changed reports whether the files are still those that were opened.
func (s *Store) Changed() error { return s.src.Changed() }

// Close stops the readers, waits for them and gives the memory back.
func (s *Store) Close() error {
	s.ledger.setReclaim(nil)
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
	s.freeMemory()
	return s.src.Close()
}
