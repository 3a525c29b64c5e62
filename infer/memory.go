package infer

import (
	"sync"
	"unsafe"

	"github.com/runnel-chat/runnel/prefetch"
)

// scratchBytes is how much memory small allocations take from the ledger at
// once.
const scratchBytes = 1 << 20

// memory lends off-heap bytes of one ledger to the backend and the KV cache
// and takes everything back at once. Safe for concurrent use.
type memory struct {
	ledger *prefetch.Ledger

	mu     sync.Mutex
	arenas map[*byte]*prefetch.Arena
	bump   []byte // rest of the arena that small allocations share
}

func newMemory(l *prefetch.Ledger) *memory {
	return &memory{ledger: l, arenas: map[*byte]*prefetch.Arena{}}
}

// Alloc returns zeroed bytes on a cache line that can be given back alone.
func (m *memory) Alloc(n int) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.arena(n)
}

func (m *memory) arena(n int) ([]byte, error) {
	a, err := m.ledger.Alloc(int64(n))
	if err != nil {
		return nil, err
	}
	b := a.Bytes()
	m.arenas[unsafe.SliceData(b)] = a
	return b[:n:n], nil
}

// Scratch is Alloc for memory that stays until Close, packed closely.
func (m *memory) Scratch(n int) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	padded := (n + 63) &^ 63
	if padded > scratchBytes/4 {
		return m.arena(n)
	}
	if len(m.bump) < padded {
		b, err := m.arena(scratchBytes)
		if err != nil {
			return nil, err
		}
		m.bump = b
	}
	b := m.bump[:n:n]
	m.bump = m.bump[padded:]
	return b, nil
}

// Free gives back what Alloc returned.
func (m *memory) Free(b []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := unsafe.SliceData(b)
	if a := m.arenas[key]; a != nil {
		delete(m.arenas, key)
		a.Free()
	}
}

// Close gives everything back.
func (m *memory) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.arenas {
		a.Free()
	}
	m.arenas, m.bump = nil, nil
}
