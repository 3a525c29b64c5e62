package matmul

import (
	"encoding/binary"
	"math"
)

// ActKind is the form in which a kernel reads activations. Kernels of one kind
// share prepared vectors.
type ActKind int

const (
	ActFloat ActKind = iota // float32, for F32, F16 and BF16 weights
	ActInt8                 // 8-bit integers with scales, for quantised weights
)

// ActGroup is the number of vectors that a full group interleaves.
const ActGroup = 12

// actBlock is the number of columns that share an activation scale.
const actBlock = 256

// A prepared block of c vectors by 256 columns is, in order:
//
//	q       [64][c][4]int8   x/d, 4 consecutive columns of each vector
//	sum32   [8][c]int32      -128·Σq over each 32 columns
//	sum16   [16][c]int32     -128·Σq over each 16 columns
//	pair16  [8][c][2]int16   Σq over the 16-column halves of each 32
//	pair32  [4][c][2]int16   Σq over the 32-column halves of each 64
//	d       [c]float32       max|x|/127
//
// The sums cancel the offsets of unsigned weights and carry the mins of the
// types that have them. A last block with fewer columns is filled with zeros.
// Floats are [cols][c]float32.
const (
	offSum32  = actBlock
	offSum16  = offSum32 + actBlock/32*4
	offPair16 = offSum16 + actBlock/16*4
	offPair32 = offPair16 + actBlock/32*4
	offScale  = offPair32 + actBlock/64*4
	actBytes  = offScale + 4 // of one vector's block
)

// vectorBytes is the size of one prepared vector.
func (a ActKind) vectorBytes(cols int) int {
	if a == ActFloat {
		return 4 * cols
	}
	return actBytes * actBlocks(cols)
}

func actBlocks(cols int) int { return (cols + actBlock - 1) / actBlock }

// groupAt is the number of vectors in the group that begins at vector t of n:
// twelves first, then the binary digits of the rest.
func groupAt(n, t int) int {
	switch left := n - t; {
	case left >= ActGroup:
		return ActGroup
	case left >= 8:
		return 8
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
// product when every from, and every to except n, is a multiple of ActGroup.
func PrepareActs(kind ActKind, dst []byte, x []float32, ldx, n, cols, from, to int) {
	if from%ActGroup != 0 || (to%ActGroup != 0 && to != n) {
		panic("matmul: PrepareActs cuts a group")
	}
	size := kind.vectorBytes(cols)
	for t := from; t < to; {
		c := groupAt(n, t)
		group := dst[t*size : (t+c)*size]
		if kind == ActFloat {
			interleaveFloats(group, x[t*ldx:], ldx, c, cols)
		} else {
			for i := range c {
				quantise(group, x[(t+i)*ldx:][:cols], c, i)
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
func quantise(dst []byte, x []float32, c, i int) {
	for len(x) > 0 {
		m := min(len(x), actBlock)
		quantiseBlock(dst[:actBytes*c], x[:m], c, i)
		dst, x = dst[actBytes*c:], x[m:]
	}
}

func quantiseBlock(dst []byte, x []float32, c, i int) {
	d, inv := blockScale(x)
	var q [actBlock]int8
	for k, v := range x {
		q[k] = roundInt8(v * inv)
	}
	le := binary.LittleEndian
	for g := range actBlock / 4 {
		for b := range 4 {
			dst[4*(g*c+i)+b] = byte(q[4*g+b])
		}
	}
	var sum [actBlock / 16]int32
	for k, v := range q {
		sum[k/16] += int32(v)
	}
	for h, s := range sum {
		le.PutUint32(dst[c*offSum16+4*(h*c+i):], uint32(-128*s))
		le.PutUint16(dst[c*offPair16+4*(h/2*c+i)+h%2*2:], uint16(s))
	}
	for h := range actBlock / 32 {
		s := sum[2*h] + sum[2*h+1]
		le.PutUint32(dst[c*offSum32+4*(h*c+i):], uint32(-128*s))
		le.PutUint16(dst[c*offPair32+4*(h/2*c+i)+h%2*2:], uint16(s))
	}
	le.PutUint32(dst[c*offScale+4*i:], math.Float32bits(d))
}

// blockScale returns max|x|/127 and its inverse. A block of (nearly) nothing
// becomes zeros; a NaN or infinite value makes the scale NaN or infinite, so
// that it reaches the result.
func blockScale(x []float32) (d, inv float32) {
	var top uint32
	for _, v := range x {
		top = max(top, math.Float32bits(v)&^(1<<31))
	}
	amax := math.Float32frombits(top)
	if amax < 1e-30 {
		return 0, 0
	}
	return amax * (1.0 / 127), 127 / amax
}

// roundInt8 rounds to even; what is not a number becomes -128.
func roundInt8(v float32) int8 {
	if v != v {
		return -128
	}
	return int8(math.RoundToEven(float64(v)))
}
