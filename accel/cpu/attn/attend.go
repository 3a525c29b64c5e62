package attn

import (
	"math"

	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// Params are the constants of an attention layer.
type Params struct {
	Scale   float32   // multiplies q·k
	SoftCap float32   // scores become cap*tanh(score/cap); 0: none
	Window  int       // a query at p sees j only if p-j < Window; 0: all
	Sinks   []float32 // one per query head, joins the softmax's denominator; nil: none
}

// Attend computes dst[t] = softmax(q[t]·K)·V for the queries [t0, t1) and all
// query heads that share one KV head. q is [n][qHeads*DK], dst [n][qHeads*DV],
// query t sits at position pos+t and sees no later one. blocks[b] holds the
// positions from first+b*BlockLen; those up to pos+t1-1 must have been stored,
// each query's own among them. scratch has ScratchBytes(qHeads, t1-t0).
func (l Layout) Attend(dst, q []float32, qHeads int, blocks [][]byte, first int, pos, n int,
	kvHead, t0, t1 int, p *Params, scratch []byte,
) {
	w := l.walk(q[:n*qHeads*l.DK], qHeads, blocks, first, pos, kvHead, p)
	for r := t0 * w.group; r < t1*w.group; r += maxRows {
		w.begin(r, min(maxRows, t1*w.group-r), scratch)
		if p.Sinks != nil {
			w.sink()
		}
		w.visit(first, math.MaxInt)
		for i := range w.rows {
			w.finish(dst[w.index(r+i)*l.DV:][:l.DV], i)
		}
	}
}

// PartLen is the number of floats that AttendPart leaves for n queries.
func (l Layout) PartLen(qHeads, n int) int { return n * qHeads / l.Heads * (l.DV + 2) }

// AttendPart is Attend over the positions [j0, j1) alone, so that several
// workers can share a long context (flash-decoding). What it writes to part
// is for Combine.
func (l Layout) AttendPart(part, q []float32, qHeads int, blocks [][]byte, first int, pos, n int,
	kvHead, t0, t1 int, p *Params, j0, j1 int, scratch []byte,
) {
	w := l.walk(q[:n*qHeads*l.DK], qHeads, blocks, first, pos, kvHead, p)
	for r := t0 * w.group; r < t1*w.group; r += maxRows {
		w.begin(r, min(maxRows, t1*w.group-r), scratch)
		w.visit(max(j0, first), j1)
		for i := range w.rows {
			row := part[(r+i-t0*w.group)*(l.DV+2):][:l.DV+2]
			row[0], row[1] = w.peak[i], w.sum[i]
			copy(row[2:], w.out[i*w.ldo:])
		}
	}
}

// Combine joins the results of AttendPart for the queries [t0, t1): parts
// holds splits of them, PartLen(qHeads, t1-t0) floats each. Together their
// ranges must cover every position once.
func (l Layout) Combine(dst []float32, qHeads, kvHead, t0, t1 int, parts []float32, splits int, p *Params) {
	group, size := qHeads/l.Heads, l.PartLen(qHeads, t1-t0)
	for r := range (t1 - t0) * group {
		head := kvHead*group + r%group
		row := func(s int) []float32 { return parts[s*size+r*(l.DV+2):][:l.DV+2] }
		peak, sum := float32(math.Inf(-1)), float32(0)
		if p.Sinks != nil {
			peak = p.Sinks[head]
		}
		for s := range splits {
			peak = max(peak, row(s)[0])
		}
		if p.Sinks != nil {
			sum = exp(p.Sinks[head] - peak)
		}
		out := dst[((t0+r/group)*qHeads+head)*l.DV:][:l.DV]
		clear(out)
		for s := range splits {
			x := row(s)
			if x[1] == 0 { // saw nothing
				continue
			}
			f := exp(x[0] - peak)
			sum += f * x[1]
			vec.AddScaled(out, x[2:], f)
		}
		normalize(out, sum)
	}
}

// normalize divides by the softmax's sum, which is 0 for a row that saw no
// finite score.
func normalize(out []float32, sum float32) {
	if sum == 0 {
		clear(out)
		return
	}
	vec.Scale(out, 1/sum)
}

func exp(x float32) float32 { return float32(math.Exp(float64(x))) }
