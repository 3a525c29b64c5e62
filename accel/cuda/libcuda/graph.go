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
// // kernel describes one whose arguments are 8 bytes each.
// static struct kernelNode kernel(void *function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned shared,
//                                 const uint64_t *args, int n, void **params) {
// 	for (int i = 0; i < n; i++) params[i] = (void *)(args + i);
// 	struct kernelNode k = {function, {x, y, z}, {threads, 1, 1}, shared, params, NULL};
// 	return k;
// }
//
// static int launch(void *stream, void *function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned shared,
//                   const uint64_t *args, int n) {
// 	void *params[mostArgs];
// 	kernel(function, x, y, z, threads, shared, args, n, params);
// 	return cuLaunchKernel(function, x, y, z, threads, 1, 1, shared, stream, params, NULL);
// }
//
// static int add(void *graph, void *after, void **node, void *function, unsigned x, unsigned y, unsigned z, unsigned threads,
//                unsigned shared, const uint64_t *args, int n) {
// 	void *params[mostArgs];
// 	struct kernelNode k = kernel(function, x, y, z, threads, shared, args, n, params);
// 	return cuGraphAddKernelNode(node, graph, &after, after != NULL, &k);
// }
//
// static int set(void *exec, void *node, void *function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned shared,
//                const uint64_t *args, int n) {
// 	void *params[mostArgs];
// 	struct kernelNode k = kernel(function, x, y, z, threads, shared, args, n, params);
// 	return cuGraphExecKernelNodeSetParams(exec, node, &k);
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

func (k *Kernel) args() (*C.uint64_t, C.int, error) {
	if n := len(k.Args); n == 0 || n > C.mostArgs {
		return nil, 0, errArgs
	}
	return (*C.uint64_t)(&k.Args[0]), C.int(len(k.Args)), nil
}

// Launch queues a kernel in a stream (CUstream). The context must be current,
// as for all that follows.
func (k *Kernel) Launch(stream unsafe.Pointer) error {
	args, n, err := k.args()
	if err != nil {
		return err
	}
	return result(C.launch(stream, k.Function, C.uint(k.Grid[0]), C.uint(k.Grid[1]), C.uint(k.Grid[2]),
		C.uint(k.Threads), C.uint(k.Shared), args, n))
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
		k := &kernels[i]
		args, n, err := k.args()
		if err != nil {
			return nil, err
		}
		if err := result(C.add(g.graph, after, &g.nodes[i], k.Function, C.uint(k.Grid[0]), C.uint(k.Grid[1]), C.uint(k.Grid[2]),
			C.uint(k.Threads), C.uint(k.Shared), args, n)); err != nil {
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
	args, n, err := k.args()
	if err != nil {
		return err
	}
	return result(C.set(g.exec, g.nodes[i], k.Function, C.uint(k.Grid[0]), C.uint(k.Grid[1]), C.uint(k.Grid[2]),
		C.uint(k.Threads), C.uint(k.Shared), args, n))
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
