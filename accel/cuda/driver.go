package cuda

import (
	"time"

	"github.com/runnel-chat/runnel/accel/cuda/nvml"
)

// Driver is a device at its barest: memory, copies and kernels, all in the
// order in which they are asked for, but for what is sent. A Backend's goroutine uses it.
type Driver interface {
	Name() string                // of the device
	Arch() string                // its generation, as "sm_90"
	Units() int                  // multiprocessors
	Shared() int                 // most bytes of dynamic shared memory of a block
	Memory() (free, total int64) // bytes
	Read() nvml.Reading          // what it is doing; any goroutine may ask, and waits
	Alloc(n int) (uint64, error) // zeroed, 256-byte aligned
	Free(p uint64) error         // after all that was asked for
	Upload(dst uint64, src []byte) error
	Download(dst []byte, src uint64) error
	Kernel(name string) (uint64, error)
	// Run queues kernels, one after another, and returns at once. A device that
	// has run the like before may keep it as a graph, which starts as a whole.
	Run(series []Launch) error
	// Worked is how long kernels have run until the last Download, by the
	// device's own clock.
	Worked() time.Duration

	// Send copies beside what runs, but not before all that was asked for until
	// the last Mark of a seat, 0 or 1, is done. It returns when src was read.
	// Nothing of dst may be used before Arrive.
	Send(dst uint64, src []byte, seat int) error
	// Arrive lets what is asked for from now on wait for all that was sent.
	Arrive() error
	// Mark remembers what was asked for until now.
	Mark(seat int) error
	Close() error
}

// Launch is a kernel to be run on a grid of blocks of threads.
type Launch struct {
	Kernel  uint64
	Grid    [3]int
	Threads int // of a block
	Shared  int // bytes of dynamic shared memory of a block
	Args    []uint64
}
