package matmul

import (
	"fmt"
	"runtime"

	"github.com/runnel-chat/runnel/gguf"
)

// Kernel multiplies weights of one type on one instruction-set tier.
type Kernel struct {
	typ    gguf.Type
	f      *format
	decode bool // Pack decodes the type first
	tier   *tier
}

// For returns the kernel of a weight type on the running tier. Every type
// that gguf can decode has one; types without assembly of their own are
// recoded when they are packed.
func For(t gguf.Type) (*Kernel, error) {
	f, decode, err := formatOf(t)
	if err != nil {
		return nil, err
	}
	tr, err := running()
	if err != nil {
		return nil, err
	}
	return &Kernel{typ: t, f: f, decode: decode, tier: tr}, nil
}

// PackedBytes is the size of a packed matrix of rows by cols weights.
func (k *Kernel) PackedBytes(rows, cols int) int {
	return (rows + Rows - 1) / Rows * k.rowBlock(cols)
}

// rowBlock is the size of 16 packed rows.
func (k *Kernel) rowBlock(cols int) int {
	if cols%k.f.vals != 0 {
		panic(fmt.Sprintf("matmul: %d columns of %v", cols, k.typ))
	}
	return cols / k.f.vals * k.f.unit()
}

// callBytes is about how many weight bytes a matrix-vector call reads, and
// fetches for the next call: enough for streams of whole pages, and no more
// than a fraction of the second cache.
const callBytes = 128 << 10

// CallRows is how many rows one call of a matrix-vector kernel multiplies.
// Chunks of a multiple follow each other without a pause.
func (k *Kernel) CallRows(cols int) int { return Rows * callBlocks(k.rowBlock(cols)) }

func callBlocks(block int) int { return max(1, (callBytes+block/2)/block) }

// ActKind tells how the kernel wants its activations prepared.
func (k *Kernel) ActKind() ActKind {
	if k.f.group == 0 {
		return ActFloat
	}
	return ActInt8
}

// ActBytes is the size of n prepared vectors of cols values.
func (k *Kernel) ActBytes(n, cols int) int { return n * k.ActKind().vectorBytes(cols) }

// Mul computes dst[t*ldd+r] = dot(W[r], x[t]) for rows [row0, row1) of the
// packed matrix w and vectors [n0, n1) of the n prepared in acts. row0 is a
// multiple of 16; row1 is too, or it is the number of rows. n0 and n1 are
// multiples of ActGroup, or n1 is n. Nothing else of dst is written.
//
// ahead is what the caller multiplies next, if it knows: one vector is
// multiplied as fast as memory is read, which must not pause between calls.
func (k *Kernel) Mul(dst []float32, ldd int, w, acts []byte, n, cols, row0, row1, n0, n1 int, ahead []byte) {
	if row0 >= row1 || n0 >= n1 {
		return
	}
	if row0%Rows != 0 || n0%ActGroup != 0 || (n1%ActGroup != 0 && n1 != n) {
		panic("matmul: Mul cuts a block of rows or a group of vectors")
	}
	j := job{
		f: k.f, dst: dst, ldd: ldd, acts: acts, n: n, cols: cols,
		rows: row1 - row0, n0: n0, n1: n1,
		block: k.rowBlock(cols), vector: k.ActKind().vectorBytes(cols), ahead: ahead,
	}
	j.w = w[row0/Rows*j.block : (row1+Rows-1)/Rows*j.block]
	j.dst = dst[row0 : (n1-1)*ldd+row1]
	if j.isa = k.tier.isa; j.isa == isaGeneric {
		j.reference()
	} else {
		j.assembly()
	}
	runtime.KeepAlive(&j) // kernels know addresses only
}

// job is one call of Mul: all rows of w with vectors [n0, n1).
type job struct {
	f       *format
	dst     []float32 // from the first row on
	ldd     int
	w, acts []byte
	n, cols int
	rows    int
	n0, n1  int
	block   int // bytes of 16 packed rows
	vector  int // bytes of a prepared vector
	isa     isa
	ahead   []byte // read after w
}

// group returns the number of vectors of the group at t, and their blocks.
func (j *job) group(t int) (c int, acts []byte) {
	c = groupAt(j.n, t)
	return c, j.acts[t*j.vector : (t+c)*j.vector]
}
