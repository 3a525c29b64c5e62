package cuda

import (
	"math"

	"github.com/runnel-chat/runnel/accel/cuda/nvml"
)

// Driver is a device at its barest: memory, copies and kernels, all in the
// order in which they are asked for. A Backend's goroutine uses it.
type Driver interface {
	Name() string                // of the device
	Arch() string                // its generation, as "sm_90"
	Units() int                  // multiprocessors
	Memory() (free, total int64) // bytes
	Read() nvml.Reading          // what it is doing; any goroutine may ask, and waits
	Alloc(n int) (uint64, error) // zeroed, 256-byte aligned
	Free(p uint64) error         // after all that was launched
	Upload(dst uint64, src []byte) error
	Download(dst []byte, src uint64) error
	Kernel(name string) (uint64, error)
	// Launch queues a kernel for a grid of blocks of so many threads, with
	// shared bytes of dynamic shared memory. Arguments are 8 bytes each, a
	// shorter value in the first of them.
	Launch(kernel uint64, grid [3]int, threads, shared int, args []uint64) error
	Close() error
}

// threads is the size of the blocks of most kernels.
const threads = 256

func f32(v float32) uint64 { return uint64(math.Float32bits(v)) }

// launch queues a kernel; an error loses the device.
func (b *Backend) launch(name string, grid [3]int, threads, shared int, args ...uint64) {
	if b.lost != nil {
		return
	}
	k, ok := b.kernels[name]
	if !ok {
		var err error
		if k, err = b.driver.Kernel(name); err != nil {
			b.lose(err)
			return
		}
		b.kernels[name] = k
	}
	b.args = append(b.args[:0], args...)
	if err := b.driver.Launch(k, grid, threads, shared, b.args); err != nil {
		b.lose(err)
	}
}

// each launches a kernel with a thread for each of n values.
func (b *Backend) each(name string, n int, args ...uint64) {
	if n > 0 {
		b.launch(name, [3]int{(n + threads - 1) / threads, 1, 1}, threads, 0, args...)
	}
}

// room is device memory that grows with what is asked of it.
type room struct {
	p    uint64
	size int
}

// atLeast returns size bytes; what they held before is gone when they grew.
func (b *Backend) atLeast(r *room, size int) uint64 {
	if r.size >= size || b.lost != nil {
		return r.p
	}
	if r.p != 0 {
		if err := b.driver.Free(r.p); err != nil {
			b.lose(err)
			return 0
		}
		*r = room{}
	}
	p, err := b.driver.Alloc(size)
	if err != nil {
		b.lose(err)
		return 0
	}
	*r = room{p, size}
	return p
}
