package cpu

import (
	"sync/atomic"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu/matmul"
	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// aloneValues is how much of a row-wise operation one worker does faster
// alone than after waking the others: about a microsecond of it.
const aloneValues = 16 << 10

// rowJob is an operation that treats every row of x on its own.
type rowJob struct {
	b     *Backend
	op    func(j *rowJob, from, to int)
	rows  int
	chunk int
	next  atomic.Int64

	dst, x accel.Tensor
	w      []float32
	bias   []float32
	eps    float32
	act    accel.Activation
	rope   *accel.Rope
	head   int // size
	kind   matmul.ActKind
	acts   []byte
	kv     *accel.KV
	pos    int

	to, from, cols int // columns
	routes         *accel.Routes
}

// deal runs op over the rows; chunks are multiples of align.
func (j *rowJob) deal(rows, values, align int, op func(j *rowJob, from, to int)) {
	j.op, j.rows = op, rows
	if values <= aloneValues || rows <= align {
		op(j, 0, rows)
		return
	}
	j.chunk = (rows + 4*j.b.pool.n - 1) / (4 * j.b.pool.n)
	j.chunk = (j.chunk + align - 1) / align * align
	j.next.Store(0)
	j.b.pool.run(j)
}

func (j *rowJob) run(int) {
	for {
		to := int(j.next.Add(int64(j.chunk)))
		from := to - j.chunk
		if from >= j.rows {
			return
		}
		j.op(j, from, min(to, j.rows))
	}
}

func (j *rowJob) prepare(kind matmul.ActKind, acts []byte, x accel.Tensor) {
	j.kind, j.acts, j.x = kind, acts, x
	j.deal(x.Rows, len(x.Data), matmul.ActGroup, func(j *rowJob, from, to int) {
		matmul.PrepareActs(j.kind, j.acts, j.x.Data, j.x.Cols, j.x.Rows, j.x.Cols, from, to)
	})
}

// RMSNorm normalises every row.
func (b *Backend) RMSNorm(dst, x accel.Tensor, w []float32, eps float32) {
	b.flush()
	j := &b.rows
	j.dst, j.x, j.w, j.eps = dst, x, w, eps
	j.deal(x.Rows, len(x.Data), 1, func(j *rowJob, from, to int) {
		for i := from; i < to; i++ {
			vec.RMSNorm(j.dst.Row(i), j.x.Row(i), j.w, j.eps)
		}
	})
}

// AddBias adds b to every row.
func (b *Backend) AddBias(x accel.Tensor, bias []float32) {
	b.flush()
	j := &b.rows
	j.x, j.w = x, bias
	j.deal(x.Rows, len(x.Data), 1, func(j *rowJob, from, to int) {
		for i := from; i < to; i++ {
			vec.Add(j.x.Row(i), j.w)
		}
	})
}

// Add adds x to dst.
func (b *Backend) Add(dst, x accel.Tensor) {
	b.flush()
	j := &b.rows
	j.dst, j.x = dst, x
	j.deal(x.Rows, len(x.Data), 1, func(j *rowJob, from, to int) {
		vec.Add(j.dst.Slice(from, to).Data, j.x.Slice(from, to).Data)
	})
}

// GLU leaves act(gate)*up in gate.
func (b *Backend) GLU(act accel.Activation, gate, up accel.Tensor) {
	b.flush()
	j := &b.rows
	j.dst, j.x, j.act = gate, up, act
	j.deal(up.Rows, 4*len(up.Data), 1, func(j *rowJob, from, to int) {
		gate, up := j.dst.Slice(from, to).Data, j.x.Slice(from, to).Data
		glu(j.act, gate, up)
	})
}

// Rotate turns the heads of every row.
func (b *Backend) Rotate(x accel.Tensor, headDim int, r *accel.Rope, pos int) {
	b.flush()
	j := &b.rows
	if err := b.turns.fill(b, r, pos, x.Rows); err != nil {
		b.fail(err)
		return
	}
	j.x, j.rope, j.head = x, r, headDim
	j.deal(x.Rows, len(x.Data), 1, func(j *rowJob, from, to int) {
		heads := j.x.Cols / j.head
		for i := from; i < to; i++ {
			cos, sin := j.b.turns.at(i)
			row := j.x.Row(i)
			if j.rope.From == 0 {
				vec.RopeHeads(row, heads, j.head, cos, sin, j.rope.Interleaved)
				continue
			}
			for h := range heads {
				vec.Rope(row[h*j.head+j.rope.From:][:2*len(cos)], cos, sin, j.rope.Interleaved)
			}
		}
	})
}

// Store keeps keys and values in the cache.
func (b *Backend) Store(kv *accel.KV, k, v accel.Tensor, pos int) {
	b.flush()
	j := &b.rows
	j.dst, j.x, j.kv, j.pos = k, v, kv, pos
	// Sixteen positions share the cache lines of a block.
	j.deal(k.Rows, len(k.Data), 16, func(j *rowJob, from, to int) {
		l := layout(j.kv.Shape)
		for i := from; i < to; i++ {
			at := j.pos + i - j.kv.First
			l.Store(j.kv.Blocks[at/accel.KVBlock], at%accel.KVBlock, j.dst.Row(i), j.x.Row(i))
		}
	})
}
