package cuda

import "github.com/runnel-chat/runnel/accel"

// A token's kernels are small: on a large device each takes about as long to
// start as to run. So an operation that continues what was launched last joins
// that launch: products of the same input become one, a product takes the bias,
// makes the gate, adds itself to the residual stream and normalises that, and
// what makes the input of the next one quantises it. What tensors hold afterwards
// is the same.

// last returns the launch that the next one may join, and its name; "" when
// there is none.
func (b *Backend) last() (*Launch, string) {
	n := len(b.series.names)
	if n == 0 || b.lost != nil {
		return nil, ""
	}
	return &b.series.launches[n-1], b.series.names[n-1]
}

// overlap tells whether n values at p and m values at q share memory.
func overlap(p uint64, n int, q uint64, m int) bool { return p < q+4*uint64(m) && q < p+4*uint64(n) }

// dropLast takes the last launch back.
func (b *Backend) dropLast() {
	n := len(b.series.names) - 1
	b.series.launches, b.series.names = b.series.launches[:n], b.series.names[:n]
}

// become makes the last launch one of another kernel, with more arguments.
func (b *Backend) become(name string, args ...uint64) bool {
	k, ok := b.kernel(name)
	if !ok {
		return false
	}
	n := len(b.series.names)
	l := &b.series.launches[n-1]
	l.Kernel, b.series.names[n-1] = k, name
	l.Args = append(l.Args, args...)
	return true
}

// joinQuantise lets what made n rows of cols values at x quantise them.
func (b *Backend) joinQuantise(x uint64, n, cols int, to quantised) bool {
	if (n == 1 && b.joinTail(x, cols, to)) || b.joinRoutedTail(x, n, cols, to) {
		return true
	}
	l, name := b.last()
	switch name {
	case "rmsNorm": // dst, x, w, cols, eps
		if l.Args[0] == x && l.Args[3] == uint64(cols) && l.Grid[0] == n {
			return b.become("rmsNormQuantise", to.q, to.d, to.sums)
		}
	case "gatherRows": // dst, x, rows, cols, n
		if l.Args[0] == x && l.Args[4] == uint64(n*cols) && cols%32 == 0 {
			return b.become("gatherRowsQuantise", to.q, to.d, to.sums)
		}
	case "glu": // gate, up, act, n
		if l.Args[0] == x && l.Args[3] == uint64(n*cols) {
			return b.become("gluQuantise", to.q, to.d, to.sums)
		}
	case attendNames[accel.KVF16], attendNames[accel.KVF32], attendNames[accel.KVQ8]:
		heads, dv := l.Args[attendHeads]*l.Args[attendGroup], l.Args[attendValues]
		if l.Args[attendDst] == x && l.Args[attendQueries] == uint64(n) && heads*dv == uint64(cols) && dv%32 == 0 {
			copy(l.Args[attendQ:], []uint64{to.q, to.d, to.sums})
			return true
		}
	}
	return false
}

// Of the arguments of attention, after those of the cache.
const (
	attendHeads   = 1
	attendValues  = 3
	attendDst     = 6
	attendGroup   = 10
	attendQueries = 11
	attendQ       = 17
)
