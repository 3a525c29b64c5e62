//go:build cuda && linux && amd64

package libcuda

// #include <stdint.h>
// #include <stddef.h>
//
// enum { mostArgs = 48 };
//
// // CUDA_KERNEL_NODE_PARAMS_v1
// struct kernelNode {
// 	void *function;
// 	unsigned grid[3], block[3], shared;
// 	void **params, **extra;
// };
//
// // All are of CUDA 11.4 or older; the names are what the driver exports.
// int cuLaunchKernel(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **, void **);
// int cuGraphCreate(void **, unsigned);
// int cuGraphDestroy(void *);
// int cuGraphAddKernelNode(void **, void *, void *const *, size_t, const struct kernelNode *);
// int cuGraphInstantiateWithFlags(void **, void *, unsigned long long);
// int cuGraphExecKernelNodeSetParams(void *, void *, const struct kernelNode *);
// int cuGraphLaunch(void *, void *);
// int cuGraphExecDestroy(void *);
// int cuGetErrorName(int, const char **);
// int cuMemHostAlloc(void **, size_t, unsigned);
// int cuMemFreeHost(void *);
// int cuFuncGetAttribute(int *, int, void *);
// int cuFuncSetAttribute(void *, int, int);
//
// // shape is how a kernel is launched.
// struct shape {
// 	void *function;
// 	unsigned x, y, z, threads, shared;
// };
//
// // node describes a kernel whose arguments are 8 bytes each; params has room
// // for mostArgs.
// static struct kernelNode node(struct shape s, const uint64_t *args, int n, void **params) {
// 	for (int i = 0; i < n; i++) params[i] = (void *)(args + i);
// 	struct kernelNode k = {s.function, {s.x, s.y, s.z}, {s.threads, 1, 1}, s.shared, params, NULL};
// 	return k;
// }
//
// static int launch(void *stream, struct shape s, const uint64_t *args, int n) {
// 	void *params[mostArgs];
// 	node(s, args, n, params);
// 	return cuLaunchKernel(s.function, s.x, s.y, s.z, s.threads, 1, 1, s.shared, stream, params, NULL);
// }
//
// static int add(void *graph, void *after, void **added, struct shape s, const uint64_t *args, int n) {
// 	void *params[mostArgs];
// 	struct kernelNode k = node(s, args, n, params);
// 	return cuGraphAddKernelNode(added, graph, &after, after != NULL, &k);
// }
//
// static int set(void *exec, void *changed, struct shape s, const uint64_t *args, int n) {
// 	void *params[mostArgs];
// 	struct kernelNode k = node(s, args, n, params);
// 	return cuGraphExecKernelNodeSetParams(exec, changed, &k);
// }
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// Kernel is a function of a module and how it is launched. Arguments are 8
// bytes each, at most 48.
type Kernel struct {
	Function unsafe.Pointer // CUfunction
	Grid     [3]int
	Threads  int
	Shared   int
	Args     []uint64
}

// Error is what the driver answered.
type Error int

func (e Error) Error() string {
	var name *C.char
	if C.cuGetErrorName(C.int(e), &name) == 0 && name != nil {
		return C.GoString(name)
	}
	return fmt.Sprintf("CUDA error %d", int(e))
}

func result(code C.int) error {
	if code == 0 {
		return nil
	}
	return Error(code)
}

var errArgs = errors.New("libcuda: a kernel without arguments, or with too many")

// AllocHost takes pinned memory of the host, outside of Go's heap.
func AllocHost(n int) ([]byte, error) {
	var p unsafe.Pointer
	if err := result(C.cuMemHostAlloc(&p, C.size_t(n), 0)); err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), n), nil
}

// FreeHost gives back what AllocHost took; of nothing it is nothing.
func FreeHost(memory []byte) error {
	if memory == nil {
		return nil
	}
	return result(C.cuMemFreeHost(unsafe.Pointer(unsafe.SliceData(memory))))
}

// AllowShared lets a function (CUfunction) have so many bytes of shared memory,
// less what it declares itself; without it a block gets 48 KiB at most.
func AllowShared(function unsafe.Pointer, most int) error {
	const declared, dynamic = 1, 8 // CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, …_MAX_DYNAMIC_SHARED_SIZE_BYTES
	var own C.int
	if err := result(C.cuFuncGetAttribute(&own, declared, function)); err != nil {
		return err
	}
	return result(C.cuFuncSetAttribute(function, dynamic, C.int(most)-own))
}

// c is the kernel as C has it.
func (k *Kernel) c() (s C.struct_shape, args *C.uint64_t, n C.int, err error) {
	if n := len(k.Args); n == 0 || n > C.mostArgs {
		return s, nil, 0, errArgs
	}
	s = C.struct_shape{
		function: k.Function, x: C.uint(k.Grid[0]), y: C.uint(k.Grid[1]), z: C.uint(k.Grid[2]),
		threads: C.uint(k.Threads), shared: C.uint(k.Shared),
	}
	return s, (*C.uint64_t)(&k.Args[0]), C.int(len(k.Args)), nil
}

// Launch queues a kernel in a stream (CUstream). The context must be current,
// as for all that follows.
func (k *Kernel) Launch(stream unsafe.Pointer) error {
	s, args, n, err := k.c()
	if err != nil {
		return err
	}
	return result(C.launch(stream, s, args, n))
}

// Graph is a series of kernels that the driver launches as a whole.
type Graph struct {
	graph, exec unsafe.Pointer
	nodes       []unsafe.Pointer
}

// NewGraph makes a graph of kernels that run one after another.
func NewGraph(kernels []Kernel) (_ *Graph, err error) {
	g := &Graph{nodes: make([]unsafe.Pointer, len(kernels))}
	if err := result(C.cuGraphCreate(&g.graph, 0)); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = g.Close() // the first error counts
		}
	}()
	var after unsafe.Pointer
	for i := range kernels {
		s, args, n, err := kernels[i].c()
		if err != nil {
			return nil, err
		}
		if err := result(C.add(g.graph, after, &g.nodes[i], s, args, n)); err != nil {
			return nil, err
		}
		after = g.nodes[i]
	}
	if err := result(C.cuGraphInstantiateWithFlags(&g.exec, g.graph, 0)); err != nil {
		return nil, err
	}
	return g, nil
}

// Set changes how kernel i is launched from now on; its function stays.
func (g *Graph) Set(i int, k *Kernel) error {
	s, args, n, err := k.c()
	if err != nil {
		return err
	}
	return result(C.set(g.exec, g.nodes[i], s, args, n))
}

// Launch queues all of it in a stream.
func (g *Graph) Launch(stream unsafe.Pointer) error { return result(C.cuGraphLaunch(g.exec, stream)) }

// Close gives the graph back; it must not be running.
func (g *Graph) Close() error {
	var err error
	if g.exec != nil {
		err = result(C.cuGraphExecDestroy(g.exec))
	}
	return errors.Join(err, result(C.cuGraphDestroy(g.graph)))
}
