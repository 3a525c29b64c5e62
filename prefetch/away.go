package prefetch

// Weights that are away: a device takes a copy of them as it first needs them,
// and from then on they are not asked for. They get no pins; until they have
// settled they stream. A device that fails gives all of them back.

// Settle is Release for a tile that has been copied and will not be asked for
// again. If it belongs to a weight that is away, its memory goes to others.
func (s *Store) Settle(i int) {
	s.mu.Lock()
	if !s.plan.away(i) {
		s.mu.Unlock()
		s.Release(i)
		return
	}
	defer s.mu.Unlock()
	t := &s.tiles[i]
	t.settled, t.wanted = true, false
	t.state.CompareAndSwap(tileHeld, tileReady)
	s.dropNow(i)
	s.advance()
}

// Recall says that what was away is needed here again, in every pass. It waits
// for reads on their way, and belongs between two passes.
func (s *Store) Recall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plan
	if s.closed || p.kept == len(p.order) {
		return
	}
	room := s.needs()
	s.shrinkCache(0)
	for s.layout.Pins > 0 {
		s.unpin()
	}
	for s.inMemory() && !s.closed { // else tiles of old ranks would lie where new ones go
		s.changed.Wait()
	}
	for i := range s.tiles {
		s.tiles[i].settled = false
	}
	for i := range p.Weights {
		p.Weights[i].Away = false
	}
	p.rankTiles()
	s.cursor, s.ahead = 0, s.pass+1
	if l, err := p.layout(room, s.layout.Slots); err == nil {
		s.apply(l)
	}
	s.grow()
	s.advance()
}

// inMemory reports whether any tile has memory that is not the ring's.
func (s *Store) inMemory() bool {
	for i := range s.tiles {
		if h := s.tiles[i].home; h == homePin || h == homeCache {
			return true
		}
	}
	return false
}

// away reports whether tile i belongs elsewhere.
func (p *Plan) away(i int) bool { return p.rank[i] >= p.kept }

// AwayBytes is what belongs elsewhere, packed.
func (p *Plan) AwayBytes() int64 { return p.at[len(p.order)] - p.at[p.kept] }
