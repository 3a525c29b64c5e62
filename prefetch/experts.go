package prefetch

import "math"

// The cache of experts that do not fit. What a router chooses is neither a
// scan nor local in time; what it chose often it will choose again. So the
// tile that leaves is the one with the least uses, old uses counting less
// (LFU with decay), among a few slots under a moving hand.

const (
	scoreHalf = 64 // passes after which a use counts half
	lookAt    = 64 // slots looked at for a victim
)

// want marks a tile as about to be asked for and starts to read it.
func (s *Store) want(i int) {
	t := &s.tiles[i]
	s.routed(i)
	if t.wanted || t.settled || s.pinned(i) && t.state.Load() != tileEmpty {
		return
	}
	t.wanted = true
	s.meter.expert(t.state.Load() >= tileReady)
	if t.state.Load() == tileEmpty {
		s.wants.push(i)
		s.serve()
	}
}

// demandExpert sees to a tile that somebody waits for and that has no slot.
func (s *Store) demandExpert(i int) {
	slot, ok := s.cacheSlot(true)
	if !ok {
		s.wants.push(i) // all are in use: one will be released
		return
	}
	s.occupy(i, slot)
	s.enqueue(i, &s.lead)
}

func (s *Store) occupy(i, slot int) {
	t := &s.tiles[i]
	s.inCache[slot] = i
	t.home, t.slot = homeCache, slot
	t.buf = s.cache.slice(int64(slot)*s.layout.ExpertBytes, s.plan.Tiles[i].Packed)
}

// used counts a use of an expert's tile.
func (s *Store) used(i int) {
	t := &s.tiles[i]
	t.score, t.scored, t.wanted = s.scoreOf(t)+1, s.pass, false
	if t.drop {
		s.dropNow(i)
	}
}

func (s *Store) scoreOf(t *tile) float64 {
	return t.score * math.Exp2(-float64(s.pass-t.scored)/scoreHalf)
}

// cacheSlot finds a free slot, or frees one. Tiles that were asked for and not
// used yet stay, but for one that somebody waits for.
func (s *Store) cacheSlot(urgent bool) (int, bool) {
	if len(s.spare) > s.reserved() || s.evictExpert() {
		return s.popSpare(), true
	}
	if !urgent {
		return 0, false
	}
	victim := s.victim(true)
	if victim < 0 || !s.dropNow(victim) {
		return 0, false
	}
	s.wants.push(victim) // still wanted: read again in its turn
	return s.popSpare(), true
}

func (s *Store) popSpare() int {
	slot := s.spare[len(s.spare)-1]
	s.spare = s.spare[:len(s.spare)-1]
	return slot
}

// victim is the tile to leave, -1 if none can.
func (s *Store) victim(wanted bool) int {
	best, least := -1, math.Inf(1)
	n := s.layout.ExpertSlots
	for seen := 0; seen < n && (seen < lookAt || best < 0); seen++ {
		s.hand = (s.hand + 1) % n
		i := s.inCache[s.hand]
		if i < 0 {
			continue
		}
		t := &s.tiles[i]
		if t.state.Load() != tileReady || t.wanted != wanted || t.hinted {
			continue
		}
		if score := s.scoreOf(t); score < least {
			best, least = i, score
		}
	}
	return best
}

// leaveCache gives the slot of a tile to the next one, or its memory back when
// the cache has become smaller.
func (s *Store) leaveCache(slot int) {
	s.inCache[slot] = -1
	if slot < s.layout.ExpertSlots {
		s.spare = append(s.spare, slot)
		return
	}
	decommitMemory(s.cache.slice(int64(slot)*s.layout.ExpertBytes, s.layout.ExpertBytes))
	s.returnBytes(s.layout.ExpertBytes)
}

// growCache adds slots up to n; false: the budget has no more to give.
func (s *Store) growCache(n int) bool {
	if n > 0 && s.cache.b == nil {
		var err error
		if s.cache, err = newRegion(int64(s.plan.experts) * s.layout.ExpertBytes); err != nil {
			return false
		}
		s.inCache = make([]int, s.plan.experts)
		for i := range s.inCache {
			s.inCache[i] = -1
		}
		s.caching.Store(true)
	}
	for s.layout.ExpertSlots < n {
		slot := s.layout.ExpertSlots
		if s.inCache[slot] < 0 { // else its tile is on its way out, and stays
			if !s.takeBytes(s.layout.ExpertBytes) {
				return false
			}
			s.spare = append(s.spare, slot)
		} else {
			s.tiles[s.inCache[slot]].drop = false
		}
		s.layout.ExpertSlots++
	}
	return true
}

// shrinkCache takes slots away down to n.
func (s *Store) shrinkCache(n int) {
	if n >= s.layout.ExpertSlots {
		return
	}
	old := s.layout.ExpertSlots
	s.layout.ExpertSlots = n
	kept := s.spare[:0]
	for _, slot := range s.spare {
		if slot < n {
			kept = append(kept, slot)
		} else {
			decommitMemory(s.cache.slice(int64(slot)*s.layout.ExpertBytes, s.layout.ExpertBytes))
			s.returnBytes(s.layout.ExpertBytes)
		}
	}
	s.spare = kept
	for slot := n; slot < old; slot++ {
		if i := s.inCache[slot]; i >= 0 {
			s.dropNow(i)
		}
	}
}
