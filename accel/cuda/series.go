package cuda

import (
	"math"
	"slices"
)

// series is what was launched and not yet handed to the device. It is handed
// over before anything else is asked of the device, and when it is long: the
// device begins with a token while the rest of it is still being launched.
type series struct {
	launches []Launch
	names    []string // of their kernels
}

const longSeries = 64

// mostArgs is how many arguments a kernel has at most.
const mostArgs = 32

// threads is the size of the blocks of most kernels.
const threads = 256

func f32(v float32) uint64 { return uint64(math.Float32bits(v)) }

// launch adds a kernel to the series. Arguments are 8 bytes each, a shorter
// value in the first of them.
func (b *Backend) launch(name string, grid [3]int, threads, shared int, args ...uint64) {
	if b.lost != nil {
		return
	}
	k, ok := b.kernel(name)
	if !ok {
		return
	}
	s := &b.series
	if len(s.launches) >= longSeries {
		b.run()
	}
	n := len(s.launches)
	s.launches, s.names = slices.Grow(s.launches, 1)[:n+1], append(s.names, name)
	l := &s.launches[n] // its memory for arguments is used again
	l.Kernel, l.Grid, l.Threads, l.Shared, l.Args = k, grid, threads, shared, append(l.Args[:0], args...)
}

// kernel finds a kernel; an error loses the device.
func (b *Backend) kernel(name string) (k uint64, ok bool) {
	if k, ok = b.kernels[name]; ok {
		return k, true
	}
	k, err := b.driver.Kernel(name)
	if err != nil {
		b.lose(err)
		return 0, false
	}
	b.kernels[name] = k
	return k, true
}

// each launches a kernel with a thread for each of n values.
func (b *Backend) each(name string, n int, args ...uint64) {
	if n > 0 {
		b.launch(name, [3]int{(n + threads - 1) / threads, 1, 1}, threads, 0, args...)
	}
}

// run hands the series to the device; an error loses it.
func (b *Backend) run() {
	s := &b.series
	if b.lost == nil && len(s.launches) > 0 {
		if err := b.driver.Run(s.launches); err != nil {
			b.lose(err)
		}
	}
	s.launches, s.names = s.launches[:0], s.names[:0]
}

// toDevice copies to the device, after what was launched.
func (b *Backend) toDevice(dst uint64, src []byte) {
	if b.run(); b.lost == nil {
		if err := b.driver.Upload(dst, src); err != nil {
			b.lose(err)
		}
	}
}

// fromDevice copies what was launched has made.
func (b *Backend) fromDevice(dst []byte, src uint64) {
	if b.run(); b.lost == nil {
		if err := b.driver.Download(dst, src); err != nil {
			b.lose(err)
		}
	}
}

// free gives memory back that what was launched may use.
func (b *Backend) free(p uint64) {
	if b.run(); b.lost == nil {
		if err := b.driver.Free(p); err != nil {
			b.lose(err)
		}
	}
}

// room is device memory that grows with what is asked of it.
type room struct {
	p    uint64
	size int
}

// atLeast returns size bytes; what they held before is gone when they grew.
func (b *Backend) atLeast(r *room, size int) uint64 {
	if r.size < size {
		if err := b.grow(r, size); err != nil {
			b.lose(err)
		}
	}
	return r.p
}

// grow takes other memory, of size bytes; after an error, and when the device is
// lost, there is none.
func (b *Backend) grow(r *room, size int) error {
	if r.p != 0 {
		b.free(r.p)
	}
	*r = room{}
	if b.lost != nil {
		return nil
	}
	p, err := b.driver.Alloc(size)
	if err == nil {
		*r = room{p, size}
	}
	return err
}
