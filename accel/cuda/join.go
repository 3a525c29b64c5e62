package cuda

// A token's kernels are small: on a large device each takes about as long to
// start as to run. So an operation that continues what was launched last joins
// that launch: a norm quantises what the product after it reads, products of
// the same input become one, a product adds itself to the residual stream.
// What tensors hold afterwards is the same.

// last returns the launch that the next one may join, and its name; "" when
// there is none.
func (b *Backend) last() (*Launch, string) {
	n := len(b.series.names)
	if n == 0 || b.lost != nil {
		return nil, ""
	}
	return &b.series.launches[n-1], b.series.names[n-1]
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
	l, name := b.last()
	switch name {
	case "rmsNorm": // dst, x, w, cols, eps
		if l.Args[0] == x && l.Args[3] == uint64(cols) && l.Grid[0] == n {
			return b.become("rmsNormQuantise", to.q, to.d, to.sums)
		}
	case "glu": // gate, up, act, n
		if l.Args[0] == x && l.Args[3] == uint64(n*cols) {
			return b.become("gluQuantise", to.q, to.d, to.sums)
		}
	case "combine": // dst, parts, sinks, heads, dv, splits
		if dv := l.Args[4]; l.Args[0] == x && l.Args[3]*dv == uint64(cols) && dv%32 == 0 && l.Grid[0] == n*int(l.Args[3]) {
			return b.become("combineQuantise", to.q, to.d, to.sums)
		}
	}
	return false
}

// A product of one vector has arguments dst, weight and rows for each of its
// parts, where to add it, then the input.
const (
	mostParts = 3
	partArgs  = 3
	addTo     = mostParts * partArgs
	inputArgs = addTo + 1
)

// joinProduct lets the last product of the same input do another weight.
func (b *Backend) joinProduct(name string, dst, weight uint64, rows int, input []uint64) bool {
	l, last := b.last()
	if last != name || l.Args[addTo] != 0 {
		return false
	}
	for i, v := range input {
		if l.Args[inputArgs+i] != v {
			return false
		}
	}
	for part := range mostParts {
		switch p := l.Args[part*partArgs:][:partArgs]; {
		case p[0] == dst:
			return false // in the order they came
		case p[0] == 0:
			p[0], p[1], p[2] = dst, weight, uint64(rows)
			l.Grid[0] += blocksOf(rows)
			return true
		}
	}
	return false
}

// joinAdd lets the last product add itself to dst, which is not what it reads:
// floats are read as they are, and by blocks of threads in any order.
func (b *Backend) joinAdd(dst, x uint64, n int) bool {
	l, name := b.last()
	if !isProduct[name] || l.Args[0] != x || l.Args[2] != uint64(n) || l.Args[partArgs] != 0 || l.Args[addTo] != 0 || dst == x {
		return false
	}
	input, cols := l.Args[inputArgs], l.Args[len(l.Args)-1]
	if dst < input+4*cols && input < dst+4*uint64(n) {
		return false
	}
	l.Args[addTo] = dst
	return true
}

// isProduct holds the names of products of one vector.
var isProduct = func() map[string]bool {
	m := map[string]bool{}
	for _, p := range products {
		m[p.one] = true
	}
	return m
}()

// Heads that are turned have arguments x and its heads, y and its heads, then
// the table, the size of a head and its pairs.
const (
	ropeX = iota
	ropeXHeads
	ropeY
	ropeYHeads
	ropeTable
	ropeHeadDim
	ropePairs // from, half, interleaved
	ropeCount = ropePairs + 3
)

// joinRope lets queries that are turned take keys with them.
func (b *Backend) joinRope(x uint64, heads int, shape []uint64, pairs int) bool {
	l, name := b.last()
	if name != "rope" || l.Args[ropeY] != 0 || l.Args[ropeX] == x {
		return false
	}
	for i, v := range shape {
		if l.Args[ropeTable+i] != v {
			return false
		}
	}
	if l.Args[ropeCount]/l.Args[ropeXHeads] != uint64(pairs/heads) { // tokens times pairs
		return false
	}
	l.Args[ropeY], l.Args[ropeYHeads] = x, uint64(heads)
	l.Args[ropeCount] += uint64(pairs)
	l.Grid[0] = (int(l.Args[ropeCount]) + threads - 1) / threads
	return true
}

// joinStore lets what turned n rows of keys last keep them.
func (b *Backend) joinStore(name string, cache []uint64, k, v uint64, n, heads, dk int) bool {
	l, last := b.last()
	if last != "rope" || l.Args[ropeHeadDim] != uint64(dk) {
		return false
	}
	turned, turnedHeads := l.Args[ropeX], l.Args[ropeXHeads]
	if l.Args[ropeY] != 0 {
		turned, turnedHeads = l.Args[ropeY], l.Args[ropeYHeads]
	}
	perToken := (l.Args[ropeXHeads] + l.Args[ropeYHeads]) * l.Args[ropePairs+1]
	if turned != k || turnedHeads != uint64(heads) || l.Args[ropeCount] != uint64(n)*perToken || v == l.Args[ropeX] || v == k {
		return false
	}
	l.Args = append(l.Args[:ropeCount], cache...)
	l.Grid, l.Threads = [3]int{n, int(l.Args[ropeXHeads] + l.Args[ropeYHeads]), 1}, 32
	return b.become(name, v)
}
