package cpu

import (
	"sync/atomic"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu/attn"
)

// attendTokens is how many queries of a prompt one unit of attention holds.
const attendTokens = 32

// attendJob is attention, cut into units of one KV head and a run of queries.
type attendJob struct {
	dst, q  accel.Tensor
	kv      *accel.KV
	layout  attn.Layout
	pos     int
	params  attn.Params
	heads   int // of the queries
	next    atomic.Int64
	units   int64
	scratch [][]byte // by worker
}

// Attend computes softmax(q·K)·V for every query row.
func (b *Backend) Attend(dst, q accel.Tensor, kv *accel.KV, pos int, a *accel.Attention) {
	b.flush()
	j := &b.attend
	j.dst, j.q, j.kv, j.pos = dst, q, kv, pos
	j.layout = layout(kv.Shape)
	j.params = attn.Params{Scale: a.Scale, SoftCap: a.SoftCap, Window: a.Window, Sinks: a.Sinks}
	j.heads = q.Cols / kv.Shape.DK
	size := j.layout.ScratchBytes(j.heads, min(q.Rows, attendTokens))
	for w := range j.scratch {
		buf, err := b.grow(j.scratch[w], size)
		if err != nil {
			b.fail(err)
			return
		}
		j.scratch[w] = buf
	}
	j.units = int64(kv.Shape.Heads * ((q.Rows + attendTokens - 1) / attendTokens))
	j.next.Store(0)
	b.pool.run(j)
}

func (j *attendJob) run(worker int) {
	for {
		u := int(j.next.Add(1) - 1)
		if u >= int(j.units) {
			return
		}
		head := u % j.kv.Shape.Heads
		t0 := u / j.kv.Shape.Heads * attendTokens
		t1 := min(t0+attendTokens, j.q.Rows)
		j.layout.Attend(j.dst.Data, j.q.Data, j.heads, j.kv.Blocks, j.kv.First, j.pos, j.q.Rows,
			head, t0, t1, &j.params, j.scratch[worker])
	}
}
