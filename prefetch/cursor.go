package prefetch

// advance queues what comes next: what somebody waits for, then pins not yet
// read, and streamed tiles as long as there are slots. It stops at most one
// pass ahead. Callers hold mu.
func (s *Store) advance() {
	if s.closed || s.err != nil {
		return
	}
	s.serve()
	for {
		if s.cursor == len(s.tiles) {
			if s.ahead > s.pass {
				return // the next pass has not begun
			}
			s.cursor, s.ahead = 0, s.ahead+1
		}
		t := &s.tiles[s.cursor]
		switch {
		case t.state.Load() == tileEmpty && s.comesByItself(s.cursor):
			if !s.place(s.cursor) {
				return
			}
			t.pass = s.ahead
			s.enqueue(s.cursor, &s.queue)
		case t.home == homeRing && t.pass < s.ahead:
			return // still in use by the pass before: the ring is full of it
		}
		s.cursor++
	}
}

// comesByItself reports whether the cursor brings a tile: all but experts that
// are not pinned, and what has settled elsewhere.
func (s *Store) comesByItself(i int) bool {
	return s.pinned(i) || !s.plan.Tiles[i].Expert && !s.tiles[i].settled
}

func (s *Store) pinned(i int) bool { return s.plan.rank[i] < s.layout.Pins }

func (s *Store) enqueue(i int, q *fifo) {
	s.tiles[i].state.Store(tileQueued)
	q.push(i)
	s.work.Signal()
}

// serve finds slots for what is asked for.
func (s *Store) serve() {
	for ; !s.starved.empty(); s.starved.pop() {
		if i := s.starved.front(); s.tiles[i].state.Load() == tileEmpty {
			if !s.place(i) && !(s.evict(i) && s.place(i)) {
				break
			}
			s.tiles[i].pass = s.pass
			s.enqueue(i, &s.lead)
		}
	}
	for ; !s.wants.empty(); s.wants.pop() {
		if i := s.wants.front(); s.tiles[i].state.Load() == tileEmpty {
			if !s.place(i) {
				break
			}
			s.enqueue(i, &s.lead)
		}
	}
}

// place gives a tile its memory; false: there is none at the moment.
func (s *Store) place(i int) bool {
	t, packed := &s.tiles[i], s.plan.Tiles[i].Packed
	switch {
	case s.pinned(i):
		t.home, t.buf = homePin, s.pins.slice(s.plan.at[s.plan.rank[i]], packed)
	case s.plan.Tiles[i].Expert:
		slot, ok := s.cacheSlot(false)
		if !ok {
			return false
		}
		s.occupy(i, slot)
	default:
		if s.layout.Slots == 0 && !s.makeRing(s.plan.ringSlots()) {
			return false
		}
		if len(s.free) == 0 {
			return false
		}
		t.slot = s.free[len(s.free)-1]
		s.free = s.free[:len(s.free)-1]
		s.inRing[t.slot] = i
		t.home, t.buf = homeRing, s.ring.slice(int64(t.slot)*s.layout.SlotBytes, packed)
	}
	return true
}

// vacate makes a tile empty and its memory free. Nobody holds it.
func (s *Store) vacate(i int) {
	t := &s.tiles[i]
	switch t.home {
	case homePin:
		if !s.pinned(i) {
			decommitMemory(t.buf)
			s.returnBytes(int64(len(t.buf)))
			s.rewind(i)
		}
	case homeRing:
		s.inRing[t.slot] = -1
		s.free = append(s.free, t.slot)
	case homeCache:
		s.leaveCache(t.slot)
	}
	t.home, t.buf, t.drop, t.asked, t.hinted = homeNone, nil, false, false, false
	t.state.Store(tileEmpty)
}

// dropNow vacates a tile, or marks it to leave when it has been read or
// released. It reports whether the tile is gone.
func (s *Store) dropNow(i int) bool {
	t := &s.tiles[i]
	if t.state.CompareAndSwap(tileReady, tileEmpty) {
		if t.home == homeRing && t.seen.Load() != t.pass {
			s.meter.wasted.Add(uint64(s.plan.Tiles[i].Len))
		}
		s.vacate(i)
		return true
	}
	t.drop = true
	if t.home == homePin {
		s.leaving.Store(true)
	}
	return false
}

// demand sees to a tile that nothing brings in time.
func (s *Store) demand(i int) {
	t := &s.tiles[i]
	t.settled = false // it is needed here after all
	if s.plan.Tiles[i].Expert && !s.pinned(i) {
		s.demandExpert(i)
		return
	}
	if !s.place(i) && !(s.evict(i) && s.place(i)) {
		s.starved.push(i)
		return
	}
	t.pass = s.pass
	s.enqueue(i, &s.lead)
}

// evict frees the slot of the ring whose tile is needed last, if that is
// after tile i of this pass.
func (s *Store) evict(i int) bool {
	victim, pass, at := -1, s.pass, i
	for _, j := range s.inRing {
		if j < 0 || s.tiles[j].state.Load() != tileReady {
			continue
		}
		if t := &s.tiles[j]; t.pass > pass || t.pass == pass && j > at {
			victim, pass, at = j, t.pass, j
		}
	}
	if victim < 0 {
		victim, pass = s.stray(), s.pass
	}
	if victim < 0 || !s.dropNow(victim) {
		return false
	}
	if pass == s.ahead {
		s.cursor = min(s.cursor, victim)
	}
	return true
}

// stray finds a tile to give up in a ring that would never move again: all of
// it is ready and nobody holds any of it, so the caller has left the order of
// the weights. -1: some slot will be free by itself.
func (s *Store) stray() int {
	last := -1
	for _, j := range s.inRing {
		if j < 0 || s.tiles[j].state.Load() != tileReady {
			return -1
		}
		last = max(last, j)
	}
	return last
}

// needed reports whether this pass will still ask for tile i and the cursor
// will not bring it again.
func (s *Store) needed(i int) bool {
	return s.inPass && s.tiles[i].seen.Load() != s.pass && (s.ahead > s.pass || i < s.cursor)
}

// rewind takes the cursor back to a tile that is no longer pinned, if the pass
// ahead has gone by it.
func (s *Store) rewind(i int) {
	if s.ahead > s.pass && i < s.cursor {
		s.cursor = i
		if len(s.free) == 0 {
			s.evict(i)
		}
	}
}
