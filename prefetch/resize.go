package prefetch

import "fmt"

// Resize changes the budget of the ledger, and pins or unpins as much as that
// takes. It may be called during a pass: what is not in use leaves at once,
// the rest with its Release. What the pass computes is the same.
func (s *Store) Resize(total int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	others := s.ledger.Used() - s.held
	l, err := s.plan.layout(total-others+s.plan.StagingBytes(), s.layout.Slots)
	if err != nil {
		return fmt.Errorf("%w, %d MiB of %d being used for other things", err, others>>20, total>>20)
	}
	s.ledger.total.Store(total)
	s.apply(l)
	s.advance()
	return nil
}

// give lowers the pins until the ledger has n bytes more, if they are not in
// use. The ledger asks for it.
func (s *Store) give(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for ask := n; ; {
		before := s.ledger.Used()
		l, err := s.plan.layout(s.needs()-ask, s.layout.Slots)
		if err != nil {
			return
		}
		s.apply(l)
		n -= before - s.ledger.Used()
		if n <= 0 || l == s.layout && before == s.ledger.Used() {
			break
		}
		ask = n // some of it leaves later: more has to go
	}
	s.advance()
}

// needs is the memory that the layout in force takes.
func (s *Store) needs() int64 {
	l := &s.layout
	return l.PinBytes + l.RingBytes() + l.CacheBytes() + s.plan.StagingBytes()
}

// grow pins more when the ledger has memory to spare.
func (s *Store) grow() {
	spare := s.ledger.Total() - s.ledger.Used() - s.opt.Keep
	if spare < s.layout.SlotBytes || s.layout.Pins == s.plan.kept {
		return
	}
	l, err := s.plan.layout(s.needs()+spare, s.layout.Slots)
	if err == nil && (l.Pins > s.layout.Pins || l.Pins == s.layout.Pins && l.ExpertSlots > s.layout.ExpertSlots) {
		s.apply(l)
	}
}

// apply moves to another layout, smaller parts first.
func (s *Store) apply(l Layout) {
	s.shrinkCache(l.ExpertSlots)
	for s.layout.Pins > l.Pins {
		s.unpin()
	}
	if l.Slots > 0 && s.layout.Slots == 0 {
		s.makeRing(l.Slots) // or later, when what leaves has left
	}
	for s.layout.Pins < l.Pins && s.pinNext() {
	}
	s.growCache(l.ExpertSlots)
}

// unpin takes the last tile out of the pins.
func (s *Store) unpin() {
	s.layout.Pins--
	i := s.plan.order[s.layout.Pins]
	packed := s.plan.Tiles[i].Packed
	s.layout.PinBytes -= packed
	switch t := &s.tiles[i]; {
	case t.home != homePin:
		s.returnBytes(packed)
	case s.needed(i):
		t.drop = true
		s.leaving.Store(true)
	default:
		s.dropNow(i)
	}
}

// pinNext adds a tile to the pins. It is read when the cursor comes by.
func (s *Store) pinNext() bool {
	i := s.plan.order[s.layout.Pins]
	packed := s.plan.Tiles[i].Packed
	if t := &s.tiles[i]; t.home == homePin {
		t.drop = false // was on its way out
	} else if !s.takeBytes(packed) {
		return false
	}
	s.layout.Pins++
	s.layout.PinBytes += packed
	return true
}

// ringSlots is the size of a ring made after Open.
func (p *Plan) ringSlots() int {
	return p.slotsOf(p.SlotBytes, p.options.RingBytes)
}

// makeRing makes a ring of n slots; false: the budget has no room for it yet.
func (s *Store) makeRing(n int) bool {
	if n == 0 {
		return true
	}
	size := int64(n) * s.layout.SlotBytes
	if !s.takeBytes(size) {
		return false
	}
	var err error
	if s.ring, err = newRegion(size); err != nil {
		s.returnBytes(size)
		return false
	}
	s.layout.Slots = n
	s.inRing = make([]int, n)
	for i := range n {
		s.free, s.inRing[i] = append(s.free, i), -1
	}
	return true
}

func (s *Store) takeBytes(n int64) bool {
	if !s.ledger.take(n) {
		return false
	}
	s.held += n
	return true
}

func (s *Store) returnBytes(n int64) {
	s.held -= n
	s.ledger.Free(n)
}
