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
	total   atomic.Int64
	used    atomic.Int64
	reclaim atomic.Pointer[func(n int64)]
}

// NewLedger returns a ledger of total bytes.
func NewLedger(total int64) *Ledger {
	l := &Ledger{}
	l.total.Store(total)
	return l
}

// Total is the budget in bytes.
func (l *Ledger) Total() int64 { return l.total.Load() }

// SetTotal changes the budget, before a store draws on it; Store.Resize does
// it later.
func (l *Ledger) SetTotal(n int64) { l.total.Store(n) }

// Used is how much of it is taken.
func (l *Ledger) Used() int64 { return l.used.Load() }

// Reserve takes n bytes. When they are not there, the store is asked to give
// some of its pins; then it fails with ErrNoMemory.
func (l *Ledger) Reserve(n int64) error {
	if l.take(n) {
		return nil
	}
	if f := l.reclaim.Load(); f != nil {
		(*f)(n - (l.Total() - l.Used()))
		if l.take(n) {
			return nil
		}
	}
	return fmt.Errorf("prefetch: %w: %d MiB more, %d of %d MiB in use",
		ErrNoMemory, n>>20, l.Used()>>20, l.Total()>>20)
}

// take is Reserve without asking anyone.
func (l *Ledger) take(n int64) bool {
	for {
		used := l.used.Load()
		if used+n > l.total.Load() {
			return false
		}
		if l.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// Free gives n bytes back.
func (l *Ledger) Free(n int64) { l.used.Add(-n) }

// setReclaim registers who gives memory when there is none left; nil: nobody.
func (l *Ledger) setReclaim(f func(n int64)) {
	if f == nil {
		l.reclaim.Store(nil)
		return
	}
	l.reclaim.Store(&f)
}

// Arena is a run of zeroed memory outside the Go heap, aligned to a page at
// least and backed by huge pages where the system has them.
type Arena struct {
	b      []byte
	ledger *Ledger
}

// pageBytes is the granularity in which memory is counted.
const pageBytes = 4096

func pages(n int64) int64 { return (n + pageBytes - 1) &^ (pageBytes - 1) }

// Alloc takes an arena of n bytes.
func (l *Ledger) Alloc(n int64) (*Arena, error) {
	size := pages(n)
	if err := l.Reserve(size); err != nil {
		return nil, err
	}
	b, err := mapMemory(size)
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
	if a == nil || a.b == nil {
		return
	}
	a.ledger.Free(int64(len(a.b)))
	unmapMemory(a.b)
	a.b = nil
}

// region is a run of addresses of which parts have memory. Its user reserves
// that memory in the ledger: only so can it give some while it holds its own
// lock.
type region struct{ b []byte }

func newRegion(n int64) (region, error) {
	b, err := reserveAddresses(pages(n))
	if err != nil {
		err = fmt.Errorf("prefetch: %d MiB of addresses: %w", n>>20, err)
	}
	return region{b}, err
}

// slice is n bytes at off, which begin on a page.
func (r region) slice(off, n int64) []byte { return r.b[off : off+n : off+n] }

func (r *region) free() {
	unmapMemory(r.b)
	r.b = nil
}
