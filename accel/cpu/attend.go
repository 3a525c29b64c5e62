package cpu

import (
	"sync/atomic"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu/attn"
)

// How attention is cut. A prompt gives units of one KV head and a run of
// queries. A single query gives one unit a KV head; a long context is split
// further, so that there is work for every worker.
const (
	attendTokens = 32           // queries of a unit
	minSplit     = 256          // positions of a split, at least
	splitTokens  = 2 * minSplit // contexts under this are not split
)

// attendJob is one attention over all heads.
type attendJob struct {
	dst, q  accel.Tensor
	kv      *accel.KV
	layout  attn.Layout
	pos     int
	params  attn.Params
	heads   int // of the queries
	next    atomic.Int64
	units   int
	scratch [][]byte // by worker

	splits int // of the context of a single query
	span   int // positions of a split
	parts  []byte
	left   []atomic.Int32 // splits of each KV head not done yet
}

// Attend computes softmax(q·K)·V for every query row.
func (b *Backend) Attend(dst, q accel.Tensor, kv *accel.KV, pos int, a *accel.Attention) {
	b.flush()
	j := &b.attend
	j.dst, j.q, j.kv, j.pos = dst, q, kv, pos
	j.layout = layout(kv.Shape)
	j.params = attn.Params{Scale: a.Scale, SoftCap: a.SoftCap, Window: a.Window, Sinks: a.Sinks}
	j.heads = q.Cols / kv.Shape.DK
	if err := j.reserve(b); err != nil {
		b.fail(err)
		return
	}
	j.next.Store(0)
	b.pool.run(j)
}

// reserve cuts the work into units and makes room for their results.
func (j *attendJob) reserve(b *Backend) (err error) {
	size := j.layout.ScratchBytes(j.heads, min(j.q.Rows, attendTokens))
	for w := range j.scratch {
		if j.scratch[w], err = b.grow(j.scratch[w], size); err != nil {
			return err
		}
	}
	kvHeads := j.kv.Shape.Heads
	j.units, j.splits = kvHeads*((j.q.Rows+attendTokens-1)/attendTokens), 1
	if j.q.Rows > 1 || kvHeads%b.pool.n == 0 {
		return nil
	}
	seen := j.pos + 1 - j.kv.First
	if w := j.params.Window; w > 0 {
		seen = min(seen, w)
	}
	if seen < splitTokens {
		return nil
	}
	j.splits = min(4*b.pool.n, seen/minSplit)
	j.span = (seen + j.splits - 1) / j.splits
	j.units = kvHeads * j.splits
	if cap(j.left) < kvHeads {
		j.left = make([]atomic.Int32, kvHeads)
	}
	j.left = j.left[:kvHeads]
	for h := range j.left {
		j.left[h].Store(int32(j.splits))
	}
	j.parts, err = b.grow(j.parts, 4*j.units*j.layout.PartLen(j.heads, 1))
	return err
}

func (j *attendJob) run(worker int) {
	for {
		u := int(j.next.Add(1) - 1)
		switch {
		case u >= j.units:
			return
		case j.splits > 1:
			j.split(u, j.scratch[worker])
		default:
			j.whole(u, j.scratch[worker])
		}
	}
}

// whole attends for one KV head and a run of queries.
func (j *attendJob) whole(u int, scratch []byte) {
	head := u % j.kv.Shape.Heads
	t0 := u / j.kv.Shape.Heads * attendTokens
	t1 := min(t0+attendTokens, j.q.Rows)
	j.layout.Attend(j.dst.Data, j.q.Data, j.heads, j.kv.Blocks, j.kv.First, j.pos, j.q.Rows,
		head, t0, t1, &j.params, scratch)
}

// split attends for one KV head over a part of the context; the worker that
// finishes a head's last part joins them.
func (j *attendJob) split(u int, scratch []byte) {
	head, s := u/j.splits, u%j.splits
	size := j.layout.PartLen(j.heads, 1)
	parts := floats(j.parts)[head*j.splits*size:][:j.splits*size]
	to := j.pos + 1 - (j.splits-1-s)*j.span
	from := max(to-j.span, j.kv.First)
	if s == 0 {
		from = j.kv.First // masked by the window, if there is one
	}
	j.layout.AttendPart(parts[s*size:][:size], j.q.Data, j.heads, j.kv.Blocks, j.kv.First, j.pos, 1,
		head, 0, 1, &j.params, from, max(from, to), scratch)
	if j.left[head].Add(-1) == 0 {
		j.layout.Combine(j.dst.Data, j.heads, head, 0, 1, parts, j.splits, &j.params)
	}
}
