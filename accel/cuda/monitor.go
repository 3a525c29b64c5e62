package cuda

import (
	"sync"
	"time"

	"github.com/runnel-chat/runnel/accel/cuda/nvml"
)

// monitor knows what a device was doing when it was asked last. Whoever looks
// never waits: it has the device asked beside the work, and nobody asks while
// nobody looks.
type monitor struct {
	ask func() nvml.Reading

	mu     sync.Mutex
	last   nvml.Reading
	at     time.Time // of it
	asking bool
	closed bool
	asked  sync.WaitGroup
}

// askEvery is how old a reading may be: the device averages over about as long.
const askEvery = 500 * time.Millisecond

func newMonitor(ask func() nvml.Reading) *monitor { return &monitor{ask: ask, last: nvml.Unknown} }

// look returns the last reading, and has a newer one made when it is old.
func (m *monitor) look() nvml.Reading {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.asking && !m.closed && time.Since(m.at) >= askEvery {
		m.asking = true
		m.asked.Go(func() {
			r := m.ask()
			m.mu.Lock()
			m.last, m.at, m.asking = r, time.Now(), false
			m.mu.Unlock()
		})
	}
	return m.last
}

// close waits until nobody asks; nobody will again.
func (m *monitor) close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.asked.Wait()
}
