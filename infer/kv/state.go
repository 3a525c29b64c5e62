package kv

import (
	"fmt"
	"unsafe"
)

// copies is how many states are kept: the one before a pass, the one after
// it, and the one at the mark. A pass reads one copy and writes another, so
// that a pass that fails leaves the state as it was.
const copies = 3

// states holds what recurrent layers carry from position to position.
type states struct {
	offsets []int // of each layer in a copy, in values
	values  int   // of a copy
	buf     [copies][]float32
	raw     [copies][]byte
	at      [copies]int // the position that a copy is the state before
	old     int         // copy that the pass in hand reads; -1: it knows nothing yet
	now     int         // copy that it writes
}

func newStates(layers []Layer) states {
	var s states
	for _, l := range layers {
		s.offsets = append(s.offsets, s.values)
		s.values += (l.State + 15) &^ 15 // cache lines
	}
	s.forget()
	return s
}

// forget leaves no copy but the empty state at 0, which needs none.
func (s *states) forget() {
	for i := range s.at {
		s.at[i] = -1
	}
	s.old, s.now = -1, -1
}

func (s *states) size() int64 { return int64(s.values) * 4 * copies }

func (s *states) bytes() int64 {
	n := int64(0)
	for _, b := range s.raw {
		n += int64(len(b))
	}
	return n
}

// next begins a pass from one position to another.
func (s *states) next(mem Memory, from, to, mark int) error {
	if s.values == 0 {
		return nil
	}
	for i := range s.raw {
		if s.raw[i] != nil {
			continue
		}
		b, err := mem.Alloc(s.values * 4)
		if err != nil {
			return fmt.Errorf("kv: the state of recurrent layers: %w", err)
		}
		s.raw[i] = b
		s.buf[i] = unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), s.values)
	}
	if s.old = s.find(from); s.old < 0 && from > 0 {
		panic("kv: a pass begins where no state was kept")
	}
	s.now = -1
	for i, at := range s.at {
		if i != s.old && (at != mark || mark == 0) {
			s.now = i
		}
	}
	s.at[s.now] = to
	return nil
}

// find returns the copy at a position.
func (s *states) find(pos int) int {
	for i, at := range s.at {
		if at == pos {
			return i
		}
	}
	return -1
}

// back returns the last position up to n that there is a copy of, and forgets
// the later ones.
func (s *states) back(n int) int {
	if s.values == 0 {
		return n
	}
	best := 0
	for i, at := range s.at {
		if at > n {
			s.at[i] = -1
		} else if at > best {
			best = at
		}
	}
	return best
}

func (s *states) close(mem Memory) {
	for i, b := range s.raw {
		if b != nil {
			mem.Free(b)
		}
		s.raw[i], s.buf[i] = nil, nil
	}
	s.forget()
}

// State returns what a recurrent layer knew before the pass in hand, nil where
// that begins at position 0, and where it keeps what it knows after it.
func (c *Cache) State(layer, values int) (before, after []float32) {
	s := &c.states
	at := s.offsets[layer]
	if s.old >= 0 {
		before = s.buf[s.old][at : at+values]
	}
	return before, s.buf[s.now][at : at+values]
}
