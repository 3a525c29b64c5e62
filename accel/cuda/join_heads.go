package cuda

import "slices"

// What rope does with heads has arguments x, its heads and their norm, the same
// of y, the steps of both, then what is the same for both; see kernels/row.cuh.
const (
	ropeX = iota
	ropeXHeads
	ropeXNorm
	ropeY
	ropeYHeads
	ropeYNorm
	ropeSteps
	ropeEps
	ropeTable
	ropeHeadDim
	ropePairs // from, half, interleaved
	ropeArgs  = ropePairs + 3
)

// The steps of the heads of x; those of y are higher.
const (
	stepNormal uint64 = 1 << iota
	stepTurn
	stepsOfY
)

// rotate launches what turns the heads of n rows of x, shape being the arguments
// from the table on.
func (b *Backend) rotate(x uint64, n, heads int, shape []uint64) {
	dim := int(shape[ropeHeadDim-ropeTable])
	if b.joinRope(x, n, heads, shape) {
		return
	}
	var buf [mostArgs]uint64
	args := append(buf[:ropeTable], shape...)
	args[ropeX], args[ropeXHeads], args[ropeSteps] = x, uint64(heads), stepTurn
	if l, name := b.last(); name == "rmsNorm" && l.Args[0] == x && l.Args[1] == x && l.Args[3] == uint64(dim) && l.Grid[0] == n*heads {
		args[ropeXNorm], args[ropeEps] = l.Args[2], l.Args[4]
		args[ropeSteps] |= stepNormal
		b.dropLast()
	}
	b.launch("rope", [3]int{n, heads, 1}, 32, 0, args...)
}

// joinRope lets queries that are turned take keys with them.
func (b *Backend) joinRope(x uint64, n, heads int, shape []uint64) bool {
	l, name := b.last()
	if name != "rope" || l.Grid[0] != n || !slices.Equal(l.Args[ropeTable:ropeArgs], shape) {
		return false
	}
	switch l.Args[ropeY] {
	case 0:
		return b.takeHeads(l, x, heads, stepTurn)
	case x: // which were normalised
		if l.Args[ropeYHeads] == uint64(heads) && l.Args[ropeSteps]&(stepTurn*stepsOfY) == 0 {
			l.Args[ropeSteps] |= stepTurn * stepsOfY
			return true
		}
	}
	return false
}

// joinHeadNorm lets queries that are turned take keys with them whose heads, dim
// values each, are normalised.
func (b *Backend) joinHeadNorm(x, w uint64, rows, dim int, eps float32) bool {
	l, name := b.last()
	if name != "rope" || l.Args[ropeY] != 0 || l.Args[ropeHeadDim] != uint64(dim) || rows%l.Grid[0] != 0 {
		return false
	}
	if l.Args[ropeSteps]&stepNormal != 0 && l.Args[ropeEps] != f32(eps) {
		return false
	}
	if !b.takeHeads(l, x, rows/l.Grid[0], stepNormal) {
		return false
	}
	l.Args[ropeYNorm], l.Args[ropeEps] = w, f32(eps)
	return true
}

// takeHeads makes heads of another tensor than x those of y.
func (b *Backend) takeHeads(l *Launch, y uint64, heads int, step uint64) bool {
	head := l.Grid[0] * int(l.Args[ropeHeadDim]) // of all tokens
	if overlap(l.Args[ropeX], head*int(l.Args[ropeXHeads]), y, head*heads) {
		return false
	}
	l.Args[ropeY], l.Args[ropeYHeads] = y, uint64(heads)
	l.Args[ropeSteps] |= step * stepsOfY
	l.Grid[1] += heads
	return true
}

// joinStore lets what turned n rows of keys last keep them.
func (b *Backend) joinStore(name string, cache []uint64, k, v uint64, n, heads, dk int) bool {
	l, last := b.last()
	if last != "rope" || l.Args[ropeHeadDim] != uint64(dk) || l.Grid[0] != n {
		return false
	}
	turned, turnedHeads := l.Args[ropeX], l.Args[ropeXHeads]
	if l.Args[ropeY] != 0 {
		turned, turnedHeads = l.Args[ropeY], l.Args[ropeYHeads]
	}
	if turned != k || turnedHeads != uint64(heads) || v == l.Args[ropeX] || v == k {
		return false
	}
	l.Args = append(l.Args, cache...)
	return b.become(name, v)
}
