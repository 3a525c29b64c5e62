package cpu

import (
	"sync"
	"sync/atomic"
	"testing"
)

// TestDealer: each unit is done once, and by the worker that was told of it.
func TestDealer(t *testing.T) {
	const units = 1000
	for _, ahead := range []bool{false, true} {
		var d dealer
		var done [units]atomic.Int32
		d.start(units)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				told := int64(-1)
				d.deal(ahead, func(u, next int64) {
					done[u].Add(1)
					if told >= 0 && u != told {
						t.Errorf("unit %d after %d was announced", u, told)
					}
					if told = next; !ahead && next >= 0 {
						t.Errorf("unit %d announced without being asked", next)
					}
				})
				if told >= 0 {
					t.Errorf("unit %d was announced and not done", told)
				}
			})
		}
		wg.Wait()
		for u := range done {
			if n := done[u].Load(); n != 1 {
				t.Errorf("ahead %v: unit %d was done %d times", ahead, u, n)
			}
		}
	}
}
