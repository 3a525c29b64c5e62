package cpu

import (
	"fmt"
	"sync/atomic"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu/matmul"
)

// maxQueue is how many products of one input are gathered; more run at once.
const maxQueue = 4

// actKinds is how many forms of activations the kernels read.
const actKinds = int(matmul.ActInt8) + 1

// products is the job of the products queued for one input.
type products struct {
	b     *Backend
	x     accel.Tensor
	queue [maxQueue]product
	n     int // products in the queue

	acts [actKinds][]byte         // the input, prepared once for each kind needed
	need [actKinds]*matmul.Kernel // a kernel of the kind; nil: none queued

	dealer
}

// add queues a product; the caller has made sure that its input is x.
func (j *products) add(dst accel.Tensor, w *accel.Weight) error {
	kernel, err := j.b.kernel(w.Type)
	if err != nil {
		return fmt.Errorf("cpu: %s: %w", w.Name, err)
	}
	p := &j.queue[j.n]
	j.n++
	p.dst, p.w, p.kernel = dst, w, kernel
	if tiles := (w.Rows + w.TileRows - 1) / w.TileRows; cap(p.left) < tiles {
		p.left = make([]atomic.Int32, tiles, 2*tiles)
	} else {
		p.left = p.left[:tiles]
	}
	j.need[kernel.ActKind()] = kernel
	return nil
}

// prepare quantises the input and cuts every product.
func (j *products) prepare() error {
	for _, k := range j.need {
		if k == nil {
			continue
		}
		if err := j.b.prepareActs(j, k); err != nil {
			return err
		}
	}
	units := 0
	for i := range j.n {
		p := &j.queue[i]
		p.cut(j.x.Rows, j.b.pool.n)
		units += p.units
	}
	j.start(int64(units))
	return nil
}

func (j *products) run(int) {
	n := j.x.Rows
	j.deal(n == 1, func(u, next int64) {
		p, i := j.find(u)
		var ahead []byte
		if next >= 0 {
			q, k := j.find(next)
			ahead = q.resident(k)
		}
		if err := p.compute(i, j.acts[p.kernel.ActKind()], n, ahead); err != nil {
			j.b.fail(err)
		}
	})
}

// find returns the product of unit u and which of its units that is.
func (j *products) find(u int64) (p *product, unit int) {
	unit = int(u)
	for i := range j.n {
		p = &j.queue[i]
		if unit < p.units {
			break
		}
		unit -= p.units
	}
	return p, unit
}

func (j *products) reset() {
	j.n = 0
	clear(j.need[:])
}
