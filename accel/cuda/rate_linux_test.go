package cuda_test

import (
	"math"
	"testing"
)

// TestCopyRate measures the emulation, which says that a kernel takes a
// microsecond, and leaves nothing behind.
func TestCopyRate(t *testing.T) {
	p := newPair(t)
	used := p.device.inUse
	free, _ := p.device.Memory()
	if got, want := p.cuda.CopyRate(), 2*float64(free/4&^15)/1e-6; p.emulated && !(math.Abs(got-want) < 1e-6*want) {
		t.Errorf("%g bytes a second, want %g", got, want)
	} else if got <= 0 {
		t.Errorf("%g bytes a second", got)
	}
	if n := p.device.inUse; n != used {
		t.Errorf("%d allocations, before %d", n, used)
	}
}
