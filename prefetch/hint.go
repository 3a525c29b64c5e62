package prefetch

// Hints name experts that the next layer may choose, before its router has
// spoken: its router on the hidden state of this layer is right about half of
// the time. A few slots of the cache are kept free for them, so a hint makes no
// tile leave; one that comes true takes the place of the tile that its demand
// would have made leave, and the others go when the router has spoken. Readers
// see to hints when they have nothing else to do, and never all of them. Where
// too few hints come true, none are taken for a while.
type hints struct {
	queue  fifo  // tiles to read
	read   []int // tiles read, or being read, for the layer to come
	spoken bool  // the router of that layer
	flying int   // reads on their way

	trial  int64 // bytes read since the last verdict
	useful int64 // of them, those that came true
	rest   int   // passes until hints are tried again; 0: they are taken
	wait   int   // passes of the last rest
}

const (
	hintShare   = 16      // of so many slots one is for hints
	hintSlots   = 64      // most of them
	hintTrial   = 256     // slots to fill until the next verdict
	hintPays    = 2. / 3  // share that comes true: two bytes for each that is wasted
	hintRest    = 64      // passes of the first rest; each further one is twice as long
	hintRestMax = 64 << 6 // passes
)

// Hinting reports whether hints are taken in this pass: there are experts that
// come and go, all other weights stay, and the last hints paid. It belongs to
// the goroutine of Begin.
func (s *Store) Hinting() bool { return s.hinting }

// beginHints decides whether the pass takes hints, and makes room for them.
func (s *Store) beginHints() {
	h := &s.hints
	h.rest = max(0, h.rest-1)
	s.hinting = h.rest == 0 && s.kind == PassDecode && s.caching.Load() &&
		s.layout.Pins >= s.plan.dense && s.plan.options.Readers > 1
	for len(s.spare) < s.reserved() && s.evictExpert() {
	}
}

// reserved is how many free slots are for hints.
func (s *Store) reserved() int {
	if !s.hinting {
		return 0
	}
	return min(s.layout.ExpertSlots/hintShare, hintSlots)
}

// evictExpert frees the slot of the tile that is missed least.
func (s *Store) evictExpert() bool {
	victim := s.victim(false)
	return victim >= 0 && s.dropNow(victim)
}

// Hint says that n tiles from first may be asked for by the next layer.
func (s *Store) Hint(first, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hinting {
		return
	}
	if s.hints.spoken { // these are for the layer after
		s.forget()
	}
	for i := first; i < first+n; i++ {
		if s.tiles[i].state.Load() == tileEmpty && !s.pinned(i) && !s.tiles[i].settled {
			s.hints.queue.push(i)
			s.work.Signal()
		}
	}
}

// hinted takes the next hint that an idle reader may read, and gives it a slot;
// -1: none.
func (s *Store) hinted() int {
	h := &s.hints
	for !h.queue.empty() && h.flying < s.plan.options.Readers/2 && len(h.read) < s.reserved() && len(s.spare) > 0 {
		i := h.queue.pop()
		t := &s.tiles[i]
		if t.state.Load() != tileEmpty {
			continue
		}
		s.occupy(i, s.popSpare())
		t.state.Store(tileQueued)
		t.hinted = true
		h.read = append(h.read, i)
		h.flying++
		h.trial += s.plan.Tiles[i].Len
		s.meter.hinted.Add(uint64(s.plan.Tiles[i].Len))
		return i
	}
	return -1
}

// routed says that a router has chosen tile i: what was a hint for it is one no
// more, and those that wait come too late.
func (s *Store) routed(i int) {
	h, t := &s.hints, &s.tiles[i]
	h.queue.clear()
	h.spoken = true
	if !t.hinted {
		return
	}
	t.hinted = false
	h.useful += s.plan.Tiles[i].Len
	s.meter.hintedUsed.Add(uint64(s.plan.Tiles[i].Len))
	if len(s.spare) < s.reserved() {
		s.evictExpert()
	}
}

// forget drops what was read for hints that did not come true.
func (s *Store) forget() {
	h := &s.hints
	h.queue.clear()
	for _, i := range h.read {
		if s.tiles[i].hinted {
			s.tiles[i].hinted = false
			s.dropNow(i)
		}
	}
	h.read, h.spoken = h.read[:0], false
}

// endHints decides whether hints go on.
func (s *Store) endHints() {
	s.forget()
	h := &s.hints
	if h.trial < hintTrial*s.layout.ExpertBytes {
		return
	}
	if share := float64(h.useful) / float64(h.trial); share >= hintPays {
		h.wait = 0
	} else {
		h.wait = min(max(hintRest, 2*h.wait), hintRestMax)
		h.rest = h.wait
	}
	h.trial, h.useful = 0, 0
}
