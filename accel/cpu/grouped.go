package cpu

import (
	"fmt"
	"sync/atomic"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu/matmul"
)

// grouped is the job of many small products: rows of one input, each run of
// them with a weight of its own. Experts of a mixture and heads with matrices
// of their own come to it. Several uses of the same rows share one job.
type grouped struct {
	b    *Backend
	x    accel.Tensor
	ldx  int // between two rows of a run
	cols int
	runs []run
	rows int // of all runs

	queue []groupedProduct
	acts  [actKinds][]byte
	need  [actKinds]*matmul.Kernel

	preparing bool
	kind      matmul.ActKind // being prepared
	dealer
}

// run is n rows that meet the same weight.
type run struct {
	first int // of its values in x
	n     int
	at    int // rows of the runs before it
}

// groupedProduct is one weight with one run.
type groupedProduct struct {
	product
	run run
	end int64 // units up to its last
}

// MatMulRouted queues the products of runs of rows with their experts.
func (b *Backend) MatMulRouted(dst accel.Tensor, ws []*accel.Weight, x accel.Tensor, r *accel.Routes) {
	j := &b.grouped
	if j.begin(x, x.Cols, x.Cols) {
		for from := 0; from < r.Len(); {
			to := r.Run(from)
			j.list(from*x.Cols, to-from)
			from = to
		}
	}
	from := 0
	for _, run := range j.runs {
		j.add(dst.Slice(from, from+run.n), ws[r.Expert[from]], run)
		from += run.n
	}
}

// MatMulEach queues the products of heads with their matrices.
func (b *Backend) MatMulEach(dst accel.Tensor, ws []*accel.Weight, x accel.Tensor) {
	j := &b.grouped
	from, to := x.Cols/len(ws), dst.Cols/len(ws) // values of a head
	if j.begin(x, x.Cols, ws[0].Cols) {
		for h := range ws {
			j.list(h*from, x.Rows)
		}
	}
	for h, w := range ws {
		j.add(accel.Tensor{Data: dst.Data[h*to:], Rows: dst.Rows, Cols: dst.Cols}, w, j.runs[h])
	}
}

// begin makes x the input of the job. It is true when its runs must be listed
// still.
func (j *grouped) begin(x accel.Tensor, ldx, cols int) bool {
	if j.b.products.n > 0 || len(j.queue) > 0 && (&x.Data[0] != &j.x.Data[0] || x.Rows != j.x.Rows || cols != j.cols) {
		j.b.flush()
	}
	if len(j.queue) > 0 {
		return false
	}
	j.x, j.ldx, j.cols, j.runs, j.rows = x, ldx, cols, j.runs[:0], 0
	return true
}

// list appends a run.
func (j *grouped) list(first, n int) {
	j.runs = append(j.runs, run{first, n, j.rows})
	j.rows += n
}

// add queues one product.
func (j *grouped) add(dst accel.Tensor, w *accel.Weight, r run) {
	kernel, err := j.b.kernel(w.Type)
	if err != nil {
		j.b.fail(fmt.Errorf("cpu: %s: %w", w.Name, err))
		return
	}
	if n := len(j.queue); n < cap(j.queue) {
		j.queue = j.queue[:n+1] // keeps the counters of the entry
	} else {
		j.queue = append(j.queue, groupedProduct{})
	}
	p := &j.queue[len(j.queue)-1]
	p.dst, p.w, p.kernel, p.run = dst, w, kernel, r
	if tiles := (w.Rows + w.TileRows - 1) / w.TileRows; cap(p.left) < tiles {
		p.left = make([]atomic.Int32, tiles, 2*tiles)
	} else {
		p.left = p.left[:tiles]
	}
	j.need[kernel.ActKind()] = kernel
}

// flushGrouped runs the queued products.
func (b *Backend) flushGrouped() {
	j := &b.grouped
	if len(j.queue) == 0 {
		return
	}
	if err := j.prepare(); err != nil {
		b.fail(err)
	} else {
		var units int64
		for i := range j.queue {
			p := &j.queue[i]
			p.cut(p.run.n, b.pool.n)
			units += int64(p.units)
			p.end = units
		}
		j.start(units)
		b.pool.run(j)
	}
	j.queue = j.queue[:0]
	clear(j.need[:])
}

// prepare brings the rows into the forms that the kernels read.
func (j *grouped) prepare() (err error) {
	for kind, k := range j.need {
		if k == nil {
			continue
		}
		if j.acts[kind], err = j.b.grow(j.acts[kind], k.ActBytes(j.rows, j.cols)); err != nil {
			return err
		}
		j.kind = matmul.ActKind(kind)
		if j.rows*j.cols <= aloneValues {
			for i := range j.runs {
				j.prepareRun(&j.runs[i])
			}
			continue
		}
		j.preparing = true
		j.start(int64(len(j.runs)))
		j.b.pool.run(j)
		j.preparing = false
	}
	return nil
}

func (j *grouped) prepareRun(r *run) {
	matmul.PrepareActs(j.kind, j.actsOf(r, j.need[j.kind]), j.x.Data[r.first:], j.ldx, r.n, j.cols, 0, r.n)
}

func (j *grouped) actsOf(r *run, k *matmul.Kernel) []byte {
	from, size := k.ActBytes(r.at, j.cols), k.ActBytes(r.n, j.cols)
	return j.acts[k.ActKind()][from : from+size]
}

func (j *grouped) run(int) {
	if j.preparing {
		j.deal(false, func(u, _ int64) { j.prepareRun(&j.runs[u]) })
		return
	}
	one := j.rows == len(j.runs) // vector for each weight
	j.deal(one, func(u, next int64) {
		p, i := j.find(u)
		var ahead []byte
		if next >= 0 {
			q, k := j.find(next)
			ahead = q.resident(k)
		}
		if err := p.compute(i, j.actsOf(&p.run, p.kernel), p.run.n, ahead); err != nil {
			j.b.fail(err)
		}
	})
}

// find returns the product of unit u and which of its units that is.
func (j *grouped) find(u int64) (p *groupedProduct, unit int) {
	lo, hi := 0, len(j.queue)
	for lo < hi { // the first product that ends after u
		if mid := (lo + hi) / 2; j.queue[mid].end > u {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	p = &j.queue[lo]
	return p, int(u - p.end + int64(p.units))
}
