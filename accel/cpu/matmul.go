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

	next  atomic.Int64
	units int64
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
	j.units = 0
	for i := range j.n {
		p := &j.queue[i]
		p.cut(j.x.Rows, j.b.pool.n)
		j.units += int64(p.units)
	}
	j.next.Store(0)
	return nil
}

func (j *products) run(int) {
	for {
		u := j.next.Add(1) - 1
		if u >= j.units {
			return
		}
		for i := range j.n {
			p := &j.queue[i]
			if u >= int64(p.units) {
				u -= int64(p.units)
				continue
			}
			if err := p.compute(int(u), j.acts[p.kernel.ActKind()], j.x.Rows); err != nil {
				j.b.fail(err)
			}
			break
		}
	}
}

func (j *products) reset() {
	j.n = 0
	clear(j.need[:])
}
