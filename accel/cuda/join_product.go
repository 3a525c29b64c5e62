package cuda

import (
	"slices"

	"github.com/runnel-chat/runnel/accel"
)

// A product of one vector has arguments dst, weight, rows and bias for each of
// its parts, then what follows it, then the input; see kernels/matmul.cuh.
const (
	mostParts = 3
	partArgs  = 4
)

const (
	tailTo = mostParts*partArgs + iota
	tailCounters
	tailSteps
	tailActivation
	tailFirstNorm
	tailFirstEps
	tailNorm
	tailEps
	tailNormal
	tailQ
	tailScales
	tailSums
	inputArgs
)

// The steps of a tail.
const (
	stepGate uint64 = 1 << iota
	stepNormaliseFirst
	stepNormalise
)

// lastProduct returns the last launch if it is a product of one vector.
func (b *Backend) lastProduct() *Launch {
	if l, name := b.last(); isProduct[name] {
		return l
	}
	return nil
}

// plain tells whether nothing follows a product, which may still grow.
func plain(l *Launch) bool { return l.Args[tailTo] == 0 && l.Args[tailSteps] == 0 }

// parts is how many weights a product has.
func parts(l *Launch) int {
	n := 0
	for n < mostParts && l.Args[n*partArgs] != 0 {
		n++
	}
	return n
}

// joinProduct lets the last product of the same input do another weight.
func (b *Backend) joinProduct(name string, dst, weight uint64, rows int, input []uint64) bool {
	l, last := b.last()
	if last != name || !plain(l) || parts(l) == mostParts || !slices.Equal(l.Args[inputArgs:], input) {
		return false
	}
	n := parts(l)
	for part := range n {
		if l.Args[part*partArgs] == dst {
			return false // in the order they came
		}
	}
	copy(l.Args[n*partArgs:], []uint64{dst, weight, uint64(rows)})
	l.Grid[0] += blocksOf(rows)
	return true
}

// joinBias lets the last product add n values to one of its results.
func (b *Backend) joinBias(x, bias uint64, n int) bool {
	l := b.lastProduct()
	if l == nil || !plain(l) {
		return false
	}
	for part := range parts(l) {
		if p := l.Args[part*partArgs:]; p[0] == x && p[2] == uint64(n) && p[3] == 0 {
			p[3] = bias
			return true
		}
	}
	return false
}

// joinAdd lets the last product add itself to dst, which is not what it reads:
// floats are read as they are, and by blocks of threads in any order.
func (b *Backend) joinAdd(dst, x uint64, n int) bool {
	l := b.lastProduct()
	if l == nil || parts(l) != 1 || l.Args[0] != x || l.Args[2] != uint64(n) || l.Args[tailTo] != 0 || dst == x {
		return false
	}
	if l.Args[tailSteps]&^stepNormaliseFirst != 0 {
		return false
	}
	if cols := int(l.Args[len(l.Args)-1]); overlap(dst, n, l.Args[inputArgs], cols) {
		return false
	}
	l.Args[tailTo] = dst
	return true
}

// joinNorm lets the last product normalise its result before that is added, or
// the sum.
func (b *Backend) joinNorm(dst, x, w uint64, n int, eps float32) bool {
	l := b.lastProduct()
	if l == nil || parts(l) != 1 || l.Args[2] != uint64(n) {
		return false
	}
	counter, same := b.counters(1)
	switch {
	case !same:
		return false
	case x == l.Args[0] && dst == x && plain(l):
		l.Args[tailSteps], l.Args[tailFirstNorm], l.Args[tailFirstEps] = stepNormaliseFirst, w, f32(eps)
	case x == l.Args[tailTo] && l.Args[tailSteps]&stepNormalise == 0:
		l.Args[tailSteps] |= stepNormalise
		l.Args[tailNormal], l.Args[tailNorm], l.Args[tailEps] = dst, w, f32(eps)
	default:
		return false
	}
	l.Args[tailCounters] = counter
	return true
}

// joinGate lets the last product do gate = act(gate) * up with its two results.
func (b *Backend) joinGate(act accel.Activation, gate, up uint64, n int) bool {
	l := b.lastProduct()
	if l == nil || parts(l) != 2 || !plain(l) || n%32 != 0 {
		return false
	}
	if l.Args[0] != gate || l.Args[partArgs] != up || l.Args[2] != uint64(n) || l.Args[partArgs+2] != uint64(n) {
		return false
	}
	counters, same := b.counters(n / 32)
	if same {
		l.Args[tailCounters], l.Args[tailSteps], l.Args[tailActivation] = counters, stepGate, uint64(act)
	}
	return same
}

// gates tells whether the last product makes a gate at x.
func (b *Backend) gates(x uint64) bool {
	if l := b.lastProduct(); l != nil {
		return l.Args[tailSteps] == stepGate && l.Args[0] == x
	}
	l := b.lastRouted()
	return l != nil && l.Args[routedSteps] == stepGate && l.Args[0] == x
}

// joinTail lets the last product quantise what its steps have made of n values.
// A gate is quantised while other blocks of threads still read the input.
func (b *Backend) joinTail(x uint64, n int, to quantised) bool {
	l := b.lastProduct()
	if l == nil || n%32 != 0 || l.Args[2] != uint64(n) || l.Args[tailQ] != 0 {
		return false
	}
	switch steps := l.Args[tailSteps]; {
	case steps&stepNormalise != 0 && l.Args[tailNormal] == x:
	case steps == stepGate && l.Args[0] == x && l.Args[inputArgs] != to.q:
	default:
		return false
	}
	l.Args[tailQ], l.Args[tailScales], l.Args[tailSums] = to.q, to.d, to.sums
	return true
}

// leastCounters is enough for most models.
const leastCounters = 4096

// counters returns n words that are zero before and after each launch, and
// whether the series is the same: if they had to grow, it was handed over, and
// nothing can join it.
func (b *Backend) counters(n int) (p uint64, same bool) {
	r := &b.come
	if r.size >= 4*n {
		return r.p, true
	}
	size := 4 * max(n, leastCounters)
	b.atLeast(r, size)
	b.toDevice(r.p, make([]byte, size))
	return r.p, false
}

// isProduct and isRouted hold the names of products of one vector, and of one
// with each expert.
var isProduct, isRouted = func() (one, routed map[string]bool) {
	one, routed = map[string]bool{}, map[string]bool{}
	for _, p := range products {
		one[p.one], routed[p.routed] = true, true
	}
	return one, routed
}()
