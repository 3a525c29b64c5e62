package cuda

import (
	"slices"

	"github.com/runnel-chat/runnel/accel"
)

// A product with the experts of one token has arguments dst, list of weights and
// bias for each of up to two matrices of an expert, what it is of, what follows
// it, then the input; see kernels/route.cuh.
const (
	routedDst = iota
	routedList
	routedBias
	routedPartArgs
)

const (
	routedLd = 2*routedPartArgs + iota
	routedNumbers
	routedRows
	routedCols
	routedCounters
	routedSteps
	routedActivation
	routedQ
	routedScales
	routedSums
	routedTo
	routedWeights
	routedInput
)

const stepSum uint64 = 8

// lastRouted returns the last launch if it is a product with experts.
func (b *Backend) lastRouted() *Launch {
	if l, name := b.last(); isRouted[name] {
		return l
	}
	return nil
}

// launchRouted launches the products of n inputs, or has the last ones of the
// same inputs do another matrix of the experts. args has no steps.
func (b *Backend) launchRouted(name string, n int, args []uint64) {
	l, last := b.last()
	if last == name && l.Args[routedPartArgs] == 0 && l.Args[routedSteps] == 0 && l.Args[0] != args[0] &&
		slices.Equal(l.Args[routedLd:], args[routedLd:]) {
		copy(l.Args[routedPartArgs:], args[:routedPartArgs])
		l.Grid[2] = 2
		return
	}
	b.launch(name, [3]int{blocksOf(int(args[routedRows])), n, 1}, threads, 0, args...)
}

// joinRoutedBias lets the last product with experts add each one's vector.
func (b *Backend) joinRoutedBias(x, bias uint64, cols int) bool {
	l := b.lastRouted()
	if l == nil || l.Args[routedSteps] != 0 || l.Args[routedRows] != uint64(cols) || l.Args[routedLd] != uint64(cols) {
		return false
	}
	for i := range l.Grid[2] {
		if p := l.Args[i*routedPartArgs:]; p[routedDst] == x && p[routedBias] == 0 {
			p[routedBias] = bias
			return true
		}
	}
	return false
}

// joinRoutedGate lets the last product with experts do gate = act(gate) * up
// with its results, n values each.
func (b *Backend) joinRoutedGate(act accel.Activation, gate, up uint64, n int) bool {
	l := b.lastRouted()
	if l == nil || l.Args[routedSteps] != 0 || l.Grid[2] != 2 || l.Args[0] != gate || l.Args[routedPartArgs] != up {
		return false
	}
	rows := l.Args[routedRows]
	if rows%32 != 0 || l.Args[routedLd] != rows || rows*uint64(l.Grid[1]) != uint64(n) {
		return false
	}
	counters, same := b.counters(n / 32)
	if same {
		l.Args[routedCounters], l.Args[routedSteps], l.Args[routedActivation] = counters, stepGate, uint64(act)
	}
	return same
}

// joinRoutedTail lets that quantise the gates of n inputs.
func (b *Backend) joinRoutedTail(x uint64, n, cols int, to quantised) bool {
	l := b.lastRouted()
	if l == nil || l.Args[routedSteps] != stepGate || l.Args[0] != x || l.Args[routedQ] != 0 || l.Args[routedInput] == to.q {
		return false
	}
	if l.Grid[1] != n || l.Args[routedRows] != uint64(cols) {
		return false
	}
	copy(l.Args[routedQ:], []uint64{to.q, to.d, to.sums})
	return true
}

// joinScatter lets the last product with experts add its weighted results, of
// cols values, to dst.
func (b *Backend) joinScatter(dst, x, weights uint64, cols int) bool {
	l := b.lastRouted()
	if l == nil || l.Args[routedSteps] != 0 || l.Grid[2] != 1 || l.Args[0] != x {
		return false
	}
	if l.Args[routedRows] != uint64(cols) || l.Args[routedLd] != uint64(cols) {
		return false
	}
	if overlap(dst, cols, l.Args[routedInput], l.Grid[1]*int(l.Args[routedCols])) {
		return false
	}
	counters, same := b.counters(blocksOf(cols))
	if same {
		l.Args[routedCounters], l.Args[routedSteps] = counters, stepSum
		l.Args[routedTo], l.Args[routedWeights] = dst, weights
	}
	return same
}
