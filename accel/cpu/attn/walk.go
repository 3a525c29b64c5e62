package attn

import (
	"math"
	"unsafe"

	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

const (
	// tileRows is the most rows one product takes: 12 by 32 accumulators are
	// 24 of the 32 registers of AVX-512.
	tileRows = 12
	// maxRows is how many rows share a walk: their queries and outputs stay
	// in the second-level cache beside one block of a head.
	maxRows = 8 * tileRows
	// lds is the row stride of the scores, one cache line more than a block so
	// that rows do not fall into the same cache set.
	lds = BlockLen + 16
)

// walk is one pass of some rows over the blocks of a head. Row r of the call
// is query r/group at head r%group of the group.
type walk struct {
	Layout
	p          *Params
	queries    []float32
	qHeads     int
	group      int // query heads of a KV head
	kvHead     int
	blocks     [][]byte
	first, pos int
	row0, rows int
	ldq, ldo   int
	q          []float32 // [rows][ldq] scaled queries, or their codes in Q8_0
	out        []float32 // [rows][ldo] sums of p·v
	scores     []float32 // [tileRows][lds]
	weighed    []float32 // [tileRows][lds] scores times the scales of values in Q8_0
	scales     []float32 // [BlockLen] those scales
	peak, sum  []float32 // [rows] running maximum and sum of e^(score-peak)
}

func (l Layout) walk(q []float32, qHeads int, blocks [][]byte, first, pos, kvHead int, p *Params) walk {
	return walk{
		Layout: l, p: p, queries: q, qHeads: qHeads, group: qHeads / l.Heads, kvHead: kvHead,
		blocks: blocks, first: first, pos: pos, ldq: l.ldq(), ldo: l.panels() * lanes,
	}
}

// ldq is the row stride of the packed queries. Room for DK floats is also
// enough for the blocks of Q8_0.
func (l Layout) ldq() int { return (l.DK+15)&^15 + 16 }

// ScratchBytes is the scratch that Attend needs for a run of n queries.
func (l Layout) ScratchBytes(qHeads, n int) int {
	rows := min(maxRows, (n*qHeads/l.Heads+tileRows-1)/tileRows*tileRows)
	floats := rows*(l.ldq()+l.panels()*lanes+2) + 2*tileRows*lds + BlockLen
	return floats*4 + 64
}

// begin lays out the scratch, loads rows of queries and forgets every key.
func (w *walk) begin(row0, rows int, scratch []byte) {
	w.row0, w.rows = row0, rows
	room := (rows + tileRows - 1) / tileRows * tileRows
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(scratch))) & 63
	buf := view[float32](scratch[skip:])
	take := func(n int) []float32 {
		s := buf[:n:n]
		buf = buf[n:]
		return s
	}
	w.q, w.out = take(room*w.ldq), take(room*w.ldo)
	w.scores, w.weighed, w.scales = take(tileRows*lds), take(tileRows*lds), take(BlockLen)
	w.peak, w.sum = take(room), take(room)
	clear(w.q)
	clear(w.out)
	clear(w.sum)
	for i := range rows {
		w.load(i)
		w.peak[i] = float32(math.Inf(-1))
	}
}

// load packs the query of row i.
func (w *walk) load(i int) {
	q := w.queries[w.index(w.row0+i)*w.DK:][:w.DK]
	row := w.q[i*w.ldq:][:w.ldq]
	if w.Type == Q8_0 {
		packQuery(row, q, w.p.Scale)
		return
	}
	copy(row, q)
	vec.Scale(row[:w.DK], w.p.Scale)
}

// index is where row r lies in a matrix of [n][qHeads] heads.
func (w *walk) index(r int) int { return r/w.group*w.qHeads + w.kvHead*w.group + r%w.group }

// sink lets the sum begin with e^sink.
func (w *walk) sink() {
	for i := range w.rows {
		w.peak[i] = w.p.Sinks[w.kvHead*w.group+(w.row0+i)%w.group]
		w.sum[i] = 1
	}
}

// sees returns the positions [lo, hi) that row r of the call attends to.
func (w *walk) sees(r int) (lo, hi int) {
	hi = w.pos + r/w.group + 1
	lo = w.first
	if w.p.Window > 0 {
		lo = max(lo, hi-w.p.Window)
	}
	return lo, hi
}

// visit takes all rows over the positions [j0, j1), a block at a time.
func (w *walk) visit(j0, j1 int) {
	lo, _ := w.sees(w.row0)
	_, hi := w.sees(w.row0 + w.rows - 1)
	lo, hi = max(lo, j0), min(hi, j1)
	for b := (lo - w.first) / BlockLen; b*BlockLen+w.first < hi; b++ {
		base := w.first + b*BlockLen
		for r := 0; r < w.rows; r += tileRows {
			n := min(tileRows, w.rows-r)
			tlo, _ := w.sees(w.row0 + r)
			_, thi := w.sees(w.row0 + r + n - 1)
			tlo, thi = max(tlo, lo, base), min(thi, hi, base+BlockLen)
			if tlo < thi {
				w.tile(w.blocks[b], base, r, n, tlo, thi)
			}
		}
	}
}

// tile takes n rows from row r over the positions [lo, hi) of one block.
func (w *walk) tile(block []byte, base, r, n, lo, hi int) {
	g0, g1 := (lo-base)/lanes, (hi-base+lanes-1)/lanes
	w.score(w.keys(block, w.kvHead)[g0*w.groupBytes():], r, n, g1-g0)
	origin := base + g0*lanes // the position in column 0 of the scores
	for i := range n {
		rlo, rhi := w.sees(w.row0 + r + i)
		rlo, rhi = max(rlo, lo), min(rhi, hi)
		row := w.scores[i*lds:][:lds]
		if rlo >= rhi {
			clear(row[lo-origin : hi-origin])
			continue
		}
		clear(row[lo-origin : rlo-origin])
		clear(row[rhi-origin : hi-origin])
		w.soften(r+i, row[rlo-origin:rhi-origin])
	}
	w.gather(w.values(block, w.kvHead), r, n, lo-origin, lo-base, hi-lo)
}

// soften turns the scores of row i into e^(score-peak), and brings what the
// row gathered before to the new peak.
func (w *walk) soften(i int, x []float32) {
	if w.p.SoftCap > 0 {
		vec.SoftCap(x, w.p.SoftCap)
	}
	old := w.peak[i]
	peak := max(old, vec.Max(x))
	if math.IsInf(float64(peak), -1) {
		clear(x)
		return
	}
	if peak != old {
		f := exp(old - peak)
		w.sum[i] *= f
		vec.Scale(w.out[i*w.ldo:][:w.ldo], f)
		w.peak[i] = peak
	}
	w.sum[i] += vec.ExpSum(x, peak)
}

// finish writes the result of row i.
func (w *walk) finish(dst []float32, i int) {
	copy(dst, w.out[i*w.ldo:])
	normalize(dst, w.sum[i])
}
