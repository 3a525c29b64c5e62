package prefetch

import (
	"sync"
	"syscall"
	"time"
)

// Faulty is a Source that goes wrong on purpose, for tests.
type Faulty struct {
	Source

	// Fault is called with the number of each read, from 1.
	Fault func(call int) Fault

	mu    sync.Mutex
	calls int
}

// Fault says what goes wrong with a read.
type Fault struct {
	Err   error         // fails with it; e.g. ErrIO
	Short bool          // ends after half of the bytes, as in a truncated file
	Delay time.Duration // takes longer by it
}

// ErrIO is what a broken disk says.
var ErrIO error = syscall.EIO

// ReadAt reads, or goes wrong.
func (s *Faulty) ReadAt(p []byte, shard int, off int64) (int, error) {
	s.mu.Lock()
	s.calls++
	f := s.Fault(s.calls)
	s.mu.Unlock()
	if f.Delay > 0 {
		time.Sleep(f.Delay)
	}
	if f.Err != nil {
		return 0, f.Err
	}
	n, err := s.Source.ReadAt(p, shard, off)
	if f.Short {
		n /= 2
	}
	return n, err
}

// Calls is the number of reads so far.
func (s *Faulty) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}
