package cpu

import (
	"sync/atomic"
	"time"

	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// A worker reads chunks, and each in several places at once: one stream leaves
// a quarter of a core's bandwidth unused on some processors, and on others many
// are slower than two. The kernels of decoding do what suits the processor, so
// the measurement tries both.
const (
	bandwidthChunk = 512 << 10 // values
	bandwidthPiece = 2048      // values read in one place before the next, so that calls cost little beside it
)

var bandwidthPlaces = [...]int{2, 8}

// ReadBandwidth measures how fast threads workers read memory together, in
// bytes a second: the ceiling of decoding, which reads every weight once a
// token. x should be several times the last-level cache. The best of the
// passes counts: what else runs on the machine only makes them slower.
func ReadBandwidth(threads int, x []float32, passes int) float64 {
	p := newPool(max(1, threads))
	defer p.stop()
	best := time.Duration(1 << 62)
	for i := range passes * len(bandwidthPlaces) {
		j := readJob{x: x, places: bandwidthPlaces[i%len(bandwidthPlaces)]}
		start := time.Now()
		p.run(&j)
		best = min(best, time.Since(start))
	}
	return float64(4*len(x)) / best.Seconds()
}

// readJob finds the largest value of x and forgets it.
type readJob struct {
	x      []float32
	places int
	next   atomic.Int64
	max    atomic.Int64 // keeps the reads from being dropped
}

func (j *readJob) run(int) {
	for {
		to := int(j.next.Add(bandwidthChunk))
		from := to - bandwidthChunk
		if from >= len(j.x) {
			return
		}
		j.max.Store(int64(largest(j.x[from:min(to, len(j.x))], j.places)))
	}
}

// largest returns the largest value of a chunk, read in so many places at once.
func largest(x []float32, places int) float32 {
	place := len(x) / places
	most := vec.Max(x[places*place:])
	for at := 0; at < place; at += bandwidthPiece {
		to := min(at+bandwidthPiece, place)
		for p := range places {
			most = max(most, vec.Max(x[p*place+at:p*place+to]))
		}
	}
	return most
}
