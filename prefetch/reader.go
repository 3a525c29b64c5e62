package prefetch

import (
	"fmt"
	"time"
)

// fifo is a queue that keeps its memory.
type fifo struct {
	items []int
	head  int
}

func (q *fifo) push(i int) { q.items = append(q.items, i) }

func (q *fifo) empty() bool { return q.head == len(q.items) }

func (q *fifo) front() int { return q.items[q.head] }

func (q *fifo) pop() int {
	i := q.items[q.head]
	if q.head++; q.head == len(q.items) {
		q.clear()
	}
	return i
}

func (q *fifo) clear() { q.items, q.head = q.items[:0], 0 }

// read is the life of a reader; raw takes the bytes of the file.
func (s *Store) read(raw []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		i, hint := s.next()
		for i < 0 && !s.closed {
			s.work.Wait()
			i, hint = s.next()
		}
		if s.closed {
			return
		}
		began := s.pass
		s.mu.Unlock()
		err := s.fetch(i, raw)
		s.mu.Lock()
		if hint {
			s.hints.flying--
		}
		if err != nil && (hint || s.inPass && began < s.pass) {
			s.again(i)
			continue
		}
		s.finish(i, err)
	}
}

// next takes the tile to read next, and says whether it is but a hint; -1:
// none.
func (s *Store) next() (i int, hint bool) {
	switch {
	case s.closed:
		return -1, false
	case !s.lead.empty():
		return s.lead.pop(), false
	case !s.queue.empty():
		return s.queue.pop(), false
	}
	i = s.hinted()
	return i, i >= 0
}

// fetch brings tile i into its place.
func (s *Store) fetch(i int, raw []byte) error {
	t, dst := &s.plan.Tiles[i], s.tiles[i].buf
	w := &s.plan.Weights[t.Weight]
	if err := commitMemory(dst); err != nil {
		return fmt.Errorf("prefetch: weight %s: %w: %w", w.Name, ErrNoMemory, err)
	}
	s.meter.readBegins()
	src, err := s.readAligned(raw, w, t.Extent)
	s.meter.readEnds(t.Len, err == nil)
	if err != nil {
		return err
	}
	if w.Pack == nil {
		copy(dst, src)
		return nil
	}
	start := time.Now()
	w.Pack(dst, src, t.Rows)
	s.meter.pack.Add(uint64(time.Since(start)))
	return nil
}

// again gives a tile back whose read failed, but was for a hint or began before
// this pass. What was wrong may be over or matter to nobody, so it does not end
// the pass: whoever needs the tile reads it anew.
func (s *Store) again(i int) {
	t := &s.tiles[i]
	pass := t.pass
	s.vacate(i)
	if pass == s.ahead {
		s.cursor = min(s.cursor, i)
	}
	s.advance()
	s.changed.Broadcast()
}

// finish publishes tile i, or what went wrong with it.
func (s *Store) finish(i int, err error) {
	t := &s.tiles[i]
	switch {
	case err != nil:
		if s.err == nil {
			s.err = err
		}
		s.vacate(i)
	case t.drop && !(t.home == homePin && s.needed(i)):
		s.meter.wasted.Add(uint64(s.plan.Tiles[i].Len))
		s.vacate(i)
		s.advance()
	default:
		if t.home == homePin {
			s.meter.loaded.Add(uint64(s.plan.Tiles[i].Packed))
		}
		t.state.Store(tileReady)
	}
	s.changed.Broadcast()
}
