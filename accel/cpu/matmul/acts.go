package matmul

import (
	"encoding/binary"
	"math"
)

// ActKind is the form in which a kernel reads activations. Kernels of one kind
// share prepared vectors.
type ActKind int

// The kinds.
const (
	ActFloat ActKind = iota // float32, for F32, F16 and BF16 weights
	ActInt8                 // 8-bit integers with scales, for quantised weights
)

// ActKinds is the number of kinds.
const ActKinds = 2

// ActGroup is the number of vectors that a full group interleaves.
const ActGroup = 6

// An activation block is 64 columns that share a scale. A group of c vectors
// is its blocks, each
//
//	q       [16][c][4]int8   x/d, 4 consecutive columns of each vector
//	sum32   [2][c]int32      -128·Σq over each 32 columns
//	sum16   [4][c]int32      -128·Σq over each 16 columns
//	d       [c]float32       max|x|/127
//
// and then for each 256 columns the sums that the mins of Q*_K are multiplied
// with, again as integers:
//
//	pair16  [8][c][2]int16   d·Σq/e over the 16-column halves of each 32
//	pair32  [4][c][2]int16   d·Σq/e over the 32-column halves of each 64
//	e       [c]float32       max|d·Σq|/32767
//
// sum32 and sum16 cancel the offset 128 of weights that are stored unsigned.
// What is missing at the end of a row is zero. Floats are [cols][c]float32.
//
// A scale for 64 columns halves the error of one for 256 where activations
// have outliers, and costs the inner loop 4 %.
const (
	actBlock  = 64
	offSum32  = actBlock
	offSum16  = offSum32 + actBlock/32*4
	offScale  = offSum16 + actBlock/16*4
	blockSize = offScale + 4 // bytes of one vector's block

	actSuper  = 256
	offPair32 = actSuper / 16 * 2
	offUnit   = offPair32 + actSuper/32*2
	superSize = offUnit + 4
)

// vectorBytes is the size of one prepared vector.
func (a ActKind) vectorBytes(cols int) int {
	if a == ActFloat {
		return 4 * cols
	}
	return blockSize*actBlocks(cols) + superSize*actSupers(cols)
}

func actBlocks(cols int) int { return (cols + actBlock - 1) / actBlock }
func actSupers(cols int) int { return (cols + actSuper - 1) / actSuper }

// groupAt is the number of vectors in the group that begins at vector t of n:
// sixes first, then the binary digits of the rest.
func groupAt(n, t int) int {
	switch left := n - t; {
	case left >= ActGroup:
		return ActGroup
	case left >= 4:
		return 4
	case left >= 2:
		return 2
	}
	return 1
}

// PrepareActs brings vectors [from, to) of n into the form that kernels of a
// kind read: dst is the buffer of all n, Kernel.ActBytes long, and x[t*ldx] is
// the first of the cols values of vector t. Workers may share the vectors of a
// product when every from, and every to but n, is a multiple of ActGroup.
func PrepareActs(kind ActKind, dst []byte, x []float32, ldx, n, cols, from, to int) {
	if from%ActGroup != 0 || (to%ActGroup != 0 && to != n) {
		panic("matmul: PrepareActs cuts a group")
	}
	size, isa := kind.vectorBytes(cols), runningISA()
	for t := from; t < to; {
		c := groupAt(n, t)
		group := dst[t*size : (t+c)*size]
		if kind == ActFloat {
			interleaveFloats(group, x[t*ldx:], ldx, c, cols)
		} else {
			for i := range c {
				quantise(isa, group, x[(t+i)*ldx:][:cols], c, i)
			}
		}
		t += c
	}
}

func interleaveFloats(dst []byte, x []float32, ldx, c, cols int) {
	for i := range c {
		for k, v := range x[i*ldx:][:cols] {
			binary.LittleEndian.PutUint32(dst[4*(k*c+i):], math.Float32bits(v))
		}
	}
}

// quantise writes vector i of a group of c.
func quantise(isa isa, dst []byte, x []float32, c, i int) {
	supers := dst[actBlocks(len(x))*blockSize*c:]
	for len(x) > 0 {
		m := min(len(x), actSuper)
		n := actBlocks(m) * blockSize * c
		isa.quantise(dst[:n], supers[:superSize*c], x[:m], c, i)
		dst, supers, x = dst[n:], supers[superSize*c:], x[m:]
	}
}

// quantiseGeneric writes up to 256 columns.
func quantiseGeneric(dst, super []byte, x []float32, c, i int) {
	var sums [actSuper / 16]float32
	for b := 0; b*actBlock < len(x); b++ {
		part := x[b*actBlock : min(len(x), (b+1)*actBlock)]
		quantiseBlock(dst[b*blockSize*c:][:blockSize*c], part, sums[b*actBlock/16:], c, i)
	}
	quantiseSums(super, &sums, c, i)
}

// quantiseBlock writes a block and returns d·Σq of each 16 columns in sums.
func quantiseBlock(dst []byte, x, sums []float32, c, i int) {
	d, inv := scaleOf(x, 127)
	var q [actBlock]int8
	for k, v := range x {
		q[k] = int8(round(v*inv, 127))
	}
	var sum [actBlock / 16]int32
	for k, v := range q {
		dst[4*(k/4*c+i)+k%4] = byte(v)
		sum[k/16] += int32(v)
	}
	le := binary.LittleEndian
	for h, s := range sum {
		le.PutUint32(dst[c*offSum16+4*(h*c+i):], uint32(-128*s))
		sums[h] = d * float32(s)
	}
	for h := range 2 {
		s := sum[2*h] + sum[2*h+1]
		le.PutUint32(dst[c*offSum32+4*(h*c+i):], uint32(-128*s))
	}
	le.PutUint32(dst[c*offScale+4*i:], math.Float32bits(d))
}

// quantiseSums writes the sums of 256 columns as 16-bit integers: 1.5e-5 of
// the largest is far below the rounding of x itself.
func quantiseSums(dst []byte, sums *[actSuper / 16]float32, c, i int) {
	var wide [actSuper / 32]float32
	for h := range wide {
		wide[h] = sums[2*h] + sums[2*h+1]
	}
	e, inv := scaleOf(sums[:], 32767)
	if f, finv := scaleOf(wide[:], 32767); f > e || f != f {
		e, inv = f, finv
	}
	le := binary.LittleEndian
	for h, s := range sums {
		le.PutUint16(dst[4*(h/2*c+i)+h%2*2:], uint16(round(s*inv, 32767)))
	}
	for h, s := range wide {
		le.PutUint16(dst[c*offPair32+4*(h/2*c+i)+h%2*2:], uint16(round(s*inv, 32767)))
	}
	le.PutUint32(dst[c*offUnit+4*i:], math.Float32bits(e))
}

// scaleOf returns max|x|/top and its inverse. (Nearly) nothing becomes zeros;
// a NaN or an infinity makes the scale one, so that it reaches the result.
func scaleOf(x []float32, top float32) (d, inv float32) {
	var bits uint32
	for _, v := range x {
		bits = max(bits, math.Float32bits(v)&^(1<<31))
	}
	amax := math.Float32frombits(bits)
	if amax < 1e-30 {
		return 0, 0
	}
	return amax / top, top / amax
}

// round rounds to even, within ±top; what is not a number becomes -top.
func round(v, top float32) int32 {
	if !(v > -top) {
		return int32(-top)
	}
	return int32(math.RoundToEven(float64(min(v, top))))
}
