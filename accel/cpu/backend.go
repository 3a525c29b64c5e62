package cpu

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu/attn"
	"github.com/runnel-chat/runnel/accel/cpu/matmul"
	"github.com/runnel-chat/runnel/gguf"
)

// Backend implements accel.Backend on the processor. One goroutine uses it;
// that goroutine is worker 0 of the pool.
type Backend struct {
	pool  *pool
	alloc func(bytes int) ([]byte, error)

	kernels  [256]*matmul.Kernel // by type, filled on first use
	products products
	grouped  grouped
	router   router
	delta    deltaJob
	rows     rowJob
	attend   attendJob
	turns    turns

	mu  sync.Mutex
	err error // first since the last Sync
}

var _ accel.Backend = (*Backend)(nil)

// New returns a backend of threads workers. Its memory comes from alloc:
// zeroed, 64-byte aligned, outside the Go heap, and owned by the caller, who
// frees it after Close.
func New(threads int, alloc func(bytes int) ([]byte, error)) (*Backend, error) {
	if _, err := matmul.For(gguf.F32); err != nil { // a tier was forced that this machine lacks
		return nil, err
	}
	b := &Backend{pool: newPool(max(1, threads)), alloc: alloc}
	b.products.b = b
	b.grouped.b = b
	b.rows.b = b
	b.attend.scratch = make([][]byte, b.pool.n)
	return b, nil
}

// Name returns "cpu".
func (b *Backend) Name() string { return "cpu" }

// ISA names the instruction-set tier of the kernels.
func (b *Backend) ISA() string { return matmul.Tier() }

// Threads is the number of workers.
func (b *Backend) Threads() int { return b.pool.n }

// RowAlign is the height of a packed block.
func (b *Backend) RowAlign() int { return matmul.Rows }

// PackedBytes is the size of rows of a weight in the kernels' layout.
func (b *Backend) PackedBytes(t gguf.Type, rows, cols int) (int, error) {
	k, err := matmul.For(t)
	if err != nil {
		return 0, err
	}
	return k.PackedBytes(rows, cols), nil
}

// Pack brings rows of a file into the kernels' layout. The type was accepted
// by PackedBytes.
func (b *Backend) Pack(t gguf.Type, dst, src []byte, rows, cols int) {
	k, err := matmul.For(t)
	if err != nil {
		panic("cpu: packing a type that PackedBytes refuses: " + t.String())
	}
	k.Pack(dst, src, rows, cols)
}

// Alloc returns a zeroed tensor.
func (b *Backend) Alloc(rows, cols int) (accel.Tensor, error) {
	buf, err := b.alloc(rows * cols * 4)
	if err != nil {
		return accel.Tensor{}, fmt.Errorf("cpu: activations of %d x %d: %w", rows, cols, err)
	}
	return accel.Tensor{Data: floats(buf)[:rows*cols], Rows: rows, Cols: cols}, nil
}

// KVBlockBytes is the size of one layer's block of positions.
func (b *Backend) KVBlockBytes(s accel.KVShape) int { return layout(s).BlockBytes() }

// Forget has nothing to do: blocks are nowhere else.
func (b *Backend) Forget([]byte) {}

// Fetch has nothing to do: values are where they are read.
func (b *Backend) Fetch(accel.Tensor) {}

// Best leaves it to whoever reads the row.
func (b *Backend) Best(accel.Tensor, int) (columns []int32, values []float32) { return nil, nil }

// Changed has nothing to do.
func (b *Backend) Changed(accel.Tensor) {}

func layout(s accel.KVShape) attn.Layout {
	return attn.Layout{Type: kvTypes[s.Type], Heads: s.Heads, DK: s.DK, DV: s.DV}
}

var kvTypes = [...]attn.Type{accel.KVF16: attn.F16, accel.KVF32: attn.F32, accel.KVQ8: attn.Q8_0}

// floats views off-heap bytes as float32 values.
func floats(b []byte) []float32 {
	if len(b) < 4 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4)
}

func (b *Backend) kernel(t gguf.Type) (*matmul.Kernel, error) {
	if int(t) < len(b.kernels) && b.kernels[t] != nil {
		return b.kernels[t], nil
	}
	k, err := matmul.For(t)
	if err == nil && int(t) < len(b.kernels) {
		b.kernels[t] = k
	}
	return k, err
}

// MatMul queues dst = x·wᵀ and runs the queue when the input changes.
func (b *Backend) MatMul(dst accel.Tensor, w *accel.Weight, x accel.Tensor) {
	j := &b.products
	b.flushGrouped()
	if j.n > 0 && (j.n == maxQueue || &x.Data[0] != &j.x.Data[0] || x.Rows != j.x.Rows) {
		b.flush()
	}
	j.x = x
	if err := j.add(dst, w); err != nil {
		b.fail(err)
	}
}

// flush runs the queued products.
func (b *Backend) flush() {
	b.flushGrouped()
	j := &b.products
	if j.n == 0 {
		return
	}
	if err := j.prepare(); err != nil {
		b.fail(err)
	} else {
		b.pool.run(j)
	}
	j.reset()
}

// prepareActs brings the input of j into the form that k and its kind read.
func (b *Backend) prepareActs(j *products, k *matmul.Kernel) error {
	kind := k.ActKind()
	buf, err := b.grow(j.acts[kind], k.ActBytes(j.x.Rows, j.x.Cols))
	if err != nil {
		return err
	}
	j.acts[kind] = buf
	b.rows.prepare(kind, buf, j.x)
	return nil
}

// grow returns buf, or a larger buffer in its place when it is under size
// bytes. Growth doubles, so the buffers left behind stay under the last one.
func (b *Backend) grow(buf []byte, size int) ([]byte, error) {
	if len(buf) >= size {
		return buf, nil
	}
	bigger, err := b.alloc(max(size, 2*len(buf)))
	if err != nil {
		return nil, fmt.Errorf("cpu: %d bytes of scratch: %w", size, err)
	}
	return bigger, nil
}

// fail keeps the first error for Sync.
func (b *Backend) fail(err error) {
	b.mu.Lock()
	if b.err == nil {
		b.err = err
	}
	b.mu.Unlock()
}

// Sync runs what is queued and returns the first error since the last Sync.
func (b *Backend) Sync() error {
	b.flush()
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.err
	b.err = nil
	return err
}

// Close stops the workers.
func (b *Backend) Close() error {
	b.pool.stop()
	return nil
}
