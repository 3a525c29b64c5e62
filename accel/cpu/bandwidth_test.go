package cpu

import "testing"

// TestReadBandwidthReadsEverything: each value is seen, whatever the number
// of workers.
func TestReadBandwidthReadsEverything(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		x := make([]float32, 3*bandwidthChunk+17)
		for i := range x {
			x[i] = -1
		}
		x[len(x)-1] = 7
		p := newPool(threads)
		j := readJob{x: x[len(x)-17:], places: 2}
		p.run(&j)
		p.stop()
		if got := j.max.Load(); got != 7 {
			t.Errorf("%d workers: the largest value is %d", threads, got)
		}
		if b := ReadBandwidth(threads, x, 2); !(b > 0) {
			t.Errorf("%d workers: %g bytes a second", threads, b)
		}
	}
}

// BenchmarkReadBandwidth is the ceiling of this machine.
func BenchmarkReadBandwidth(b *testing.B) {
	x := make([]float32, 64<<20)
	for i := range x {
		x[i] = float32(i)
	}
	for b.Loop() {
		b.ReportMetric(ReadBandwidth(2, x, 8)/1e9, "GB/s")
	}
}
