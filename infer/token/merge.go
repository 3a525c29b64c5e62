package token

import "unicode/utf8"

// maxPiece bounds the scratch of one piece of text, in bytes. Longer ones are
// cut between characters; no word of a language comes near.
const maxPiece = 64 << 10

// A symbol is a stretch of a piece that has become one token, or one
// character with no token of its own (id -1).
type symbol struct {
	id         int32
	start, end int32 // in the piece
	prev, next int32 // neighbours, -1 at the ends; next is -2 once merged away
}

// A candidate is a merge that was possible when it was found. It still is if
// the symbol after left ends where it did, because symbols only ever grow.
type candidate struct {
	key uint64 // rank<<32 | left: lowest first, leftmost of equals
	id  int32  // the token that comes of it
	end int32
}

// A merger joins the symbols of one piece, best pair first, with a heap over
// a linked list: O(n log n) for n symbols.
type merger struct {
	text    []byte // for rankers that go by the text
	symbols []symbol
	heap    []candidate
}

// A ranker says what two neighbours become, -1 for nothing, and how soon.
type ranker interface {
	rank(m *merger, left, right *symbol) (rank uint32, id int32)
}

func (m *merger) reset() { m.text, m.symbols = m.text[:0], m.symbols[:0] }

// push appends a symbol of n bytes.
func (m *merger) push(id int32, n int) {
	i, start := int32(len(m.symbols)), int32(0)
	if i > 0 {
		m.symbols[i-1].next = i
		start = m.symbols[i-1].end
	}
	m.symbols = append(m.symbols, symbol{id, start, start + int32(n), i - 1, -1})
}

// merge joins symbols until no pair is left that r knows. The first symbol is
// always in the result, which the next links lead through.
func (m *merger) merge(r ranker) {
	m.heap = m.heap[:0]
	for i := 1; i < len(m.symbols); i++ {
		m.consider(r, int32(i-1), int32(i))
	}
	for len(m.heap) > 0 {
		c := m.pop()
		at := int32(uint32(c.key))
		left := &m.symbols[at]
		if left.next < 0 || m.symbols[left.next].end != c.end {
			continue
		}
		right := &m.symbols[left.next]
		left.id, left.end, left.next = c.id, right.end, right.next
		right.next = -2
		if left.next >= 0 {
			m.symbols[left.next].prev = at
			m.consider(r, at, left.next)
		}
		if left.prev >= 0 {
			m.consider(r, left.prev, at)
		}
	}
}

func (m *merger) consider(r ranker, left, right int32) {
	rank, id := r.rank(m, &m.symbols[left], &m.symbols[right])
	if id >= 0 {
		m.heap = append(m.heap, candidate{uint64(rank)<<32 | uint64(left), id, m.symbols[right].end})
		m.up(len(m.heap) - 1)
	}
}

func (m *merger) up(i int) {
	h, c := m.heap, m.heap[i]
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].key <= c.key {
			break
		}
		h[i], i = h[parent], parent
	}
	h[i] = c
}

func (m *merger) pop() candidate {
	h := m.heap
	top, n := h[0], len(h)-1
	c := h[n]
	m.heap = h[:n]
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < n && h[child+1].key < h[child].key {
			child++
		}
		if child >= n || c.key <= h[child].key {
			h[i] = c
			return top
		}
		h[i], i = h[child], child
	}
}

// cutLong returns the length of the first part of piece that is at most
// maxPiece bytes and ends with a whole character.
func cutLong(piece string) int {
	if len(piece) <= maxPiece {
		return len(piece)
	}
	n := maxPiece
	for i := n; i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(piece[i]) {
			return i
		}
	}
	return n
}
