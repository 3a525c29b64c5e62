//go:build cuda && linux && amd64

package cuda

import (
	"errors"
	"hash/maphash"
	"unsafe"

	"github.com/runnel-chat/runnel/accel/cuda/libcuda"
)

// graphs makes series that come again into graphs. Two series are alike when
// their kernels and grids are; the arguments may differ, and those that do are
// set before the graph starts. A token's kernels stay alike for as long as the
// context is cut into the same number of parts.
type graphs struct {
	seed  maphash.Seed
	known map[uint64]*replay // by what makes series alike
	clock uint64
	ran   int // graphs
}

// replay is a series that ran before.
type replay struct {
	kernels []libcuda.Kernel // as they were launched last
	graph   *libcuda.Graph   // nil: not yet, or the driver makes none
	tried   bool
	at      uint64 // when it ran last
}

const (
	leastSeries = 8   // shorter ones are launched kernel by kernel
	mostGraphs  = 256 // kept; a token has one for every few layers, that of a mixture several a layer
)

func newGraphs() graphs {
	return graphs{seed: maphash.MakeSeed(), known: map[uint64]*replay{}}
}

// find returns the replay that the kernels are alike to; nil when there is
// none, and the next time there is.
func (g *graphs) find(kernels []libcuda.Kernel) *replay {
	var h maphash.Hash
	h.SetSeed(g.seed)
	for i := range kernels {
		maphash.WriteComparable(&h, shapeOf(&kernels[i]))
	}
	g.clock++
	if r := g.known[h.Sum64()]; r != nil && r.like(kernels) {
		r.at = g.clock
		return r
	}
	g.known[h.Sum64()] = newReplay(kernels, g.clock)
	return nil
}

// shape is what makes two launches alike.
type shape struct {
	function              unsafe.Pointer
	grid                  [3]int
	threads, shared, args int
}

func shapeOf(k *libcuda.Kernel) shape {
	return shape{k.Function, k.Grid, k.Threads, k.Shared, len(k.Args)}
}

// newReplay keeps a copy.
func newReplay(kernels []libcuda.Kernel, at uint64) *replay {
	r := &replay{kernels: make([]libcuda.Kernel, len(kernels)), at: at}
	for i, k := range kernels {
		k.Args = append([]uint64(nil), k.Args...)
		r.kernels[i] = k
	}
	return r
}

func (r *replay) like(kernels []libcuda.Kernel) bool {
	if len(r.kernels) != len(kernels) {
		return false
	}
	for i := range kernels {
		if shapeOf(&r.kernels[i]) != shapeOf(&kernels[i]) {
			return false
		}
	}
	return true
}

// update brings the arguments of the graph up to date, making it if there is
// none. A driver that makes no graph is no error.
func (r *replay) update(kernels []libcuda.Kernel) (ready bool, err error) {
	for i := range kernels {
		old, k := r.kernels[i].Args, &kernels[i]
		if string(words(old)) == string(words(k.Args)) {
			continue
		}
		copy(old, k.Args)
		if r.graph != nil {
			if err := r.graph.Set(i, k); err != nil {
				return false, err
			}
		}
	}
	if r.graph == nil && !r.tried {
		r.tried = true
		r.graph, _ = libcuda.NewGraph(r.kernels) // without one the kernels still run
	}
	return r.graph != nil, nil
}

// words views arguments as bytes.
func words(args []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(args))), 8*len(args))
}

// close gives all graphs back; none may be running.
func (g *graphs) close() error {
	var errs []error
	for _, r := range g.known {
		if r.graph != nil {
			errs = append(errs, r.graph.Close())
		}
	}
	clear(g.known)
	return errors.Join(errs...)
}

// oldest takes out the replay that ran the longest ago when there are too
// many; nil when there are not.
func (g *graphs) oldest() *replay {
	if len(g.known) <= mostGraphs {
		return nil
	}
	var key uint64
	var r *replay
	for k, other := range g.known {
		if r == nil || other.at < r.at {
			key, r = k, other
		}
	}
	delete(g.known, key)
	return r
}
