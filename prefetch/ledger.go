package prefetch

import (
	"fmt"
	"sync/atomic"
)

// ErrNoMemory is returned when the budget has no more to give. It is a case
// of ErrDoesNotFit.
var ErrNoMemory = fmt.Errorf("%w: no more to give", ErrDoesNotFit)

// Ledger is the one owner of a budget of off-heap memory: weights, KV cache
// and scratch all draw from it. Safe for concurrent use.
type Ledger struct {
	total atomic.Int64
	used  atomic.Int64
}

// NewLedger returns a ledger of total bytes.
func NewLedger(total int64) *Ledger {
	l := &Ledger{}
	l.total.Store(total)
	return l
}

// Total is the budget in bytes.
func (l *Ledger) Total() int64 { return l.total.Load() }

// Used is how much of it is taken.
func (l *Ledger) Used() int64 { return l.used.Load() }

// Reserve takes n bytes or fails with ErrNoMemory.
func (l *Ledger) Reserve(n int64) error {
	if used := l.used.Add(n); used > l.total.Load() {
		l.used.Add(-n)
		return fmt.Errorf("prefetch: %w: %d MiB more, %d of %d MiB in use",
			ErrNoMemory, n>>20, (used-n)>>20, l.total.Load()>>20)
	}
	return nil
}

// Free gives n bytes back.
func (l *Ledger) Free(n int64) { l.used.Add(-n) }

// Arena is a run of zeroed memory outside the Go heap, aligned to a page at
// least and backed by huge pages where the system has them.
type Arena struct {
	b      []byte
	ledger *Ledger
}

// pageBytes is the granularity in which arenas are counted.
const pageBytes = 4096

// Alloc takes an arena of n bytes.
func (l *Ledger) Alloc(n int64) (*Arena, error) {
	size := (n + pageBytes - 1) &^ (pageBytes - 1)
	if err := l.Reserve(size); err != nil {
		return nil, err
	}
	b, err := mapMemory(int(size))
	if err != nil {
		l.Free(size)
		return nil, fmt.Errorf("prefetch: %d MiB of memory: %w", size>>20, err)
	}
	return &Arena{b: b, ledger: l}, nil
}

// Bytes is the whole arena.
func (a *Arena) Bytes() []byte { return a.b }

// Free gives the memory back; the bytes must not be touched any more.
func (a *Arena) Free() {
	if a.b == nil {
		return
	}
	a.ledger.Free(int64(len(a.b)))
	unmapMemory(a.b)
	a.b = nil
}
