//go:build cuda && linux && amd64

package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"gorgonia.org/cu"

	"github.com/runnel-chat/runnel/accel/cuda/libcuda"
	"github.com/runnel-chat/runnel/accel/cuda/nvml"
	"github.com/runnel-chat/runnel/assets"
)

// Open opens the first device of the machine. Its driver compiles each kernel
// when it is first asked for, which takes a moment, and keeps the result.
func Open() (Driver, error) {
	switch state := libcuda.State(); state {
	case 0:
	case -1:
		return nil, fmt.Errorf("%w: libcuda.so.1 was not found", ErrNoDriver)
	default:
		return nil, fmt.Errorf("%w: cuInit says %d", ErrNoDriver, state)
	}
	d := &driver{graphs: newGraphs()}
	if err := d.open(); err != nil {
		return nil, fmt.Errorf("cuda: opening the device: %w", err)
	}
	return d, nil
}

// driver implements Driver with gorgonia.org/cu, all in one stream. A context
// is current on a thread, and the goroutine of a backend may come back
// on another thread at any time, so that each call says again which context is
// meant.
type driver struct {
	device  cu.Device
	context cu.CUContext
	kernels *ptx
	modules []cu.Module // one a kernel
	stream  cu.Stream
	graphs  graphs
	sender  *sender // nil until something was sent
	timer   timer

	monitor *nvml.Device // nil: there is none

	name, arch string
	units      int
	shared     int              // bytes that a block may have
	functions  []unsafe.Pointer // of the kernels asked for
	series     []libcuda.Kernel // the last one
}

func (d *driver) open() (err error) {
	if n, err := cu.NumDevices(); err != nil || n == 0 {
		return errors.Join(ErrNoDriver, err)
	}
	d.device = cu.Device(0)
	if d.name, err = d.device.Name(); err != nil {
		return err
	}
	major, minor, err := d.device.ComputeCapability()
	if err != nil {
		return err
	}
	source := assets.Kernels80
	if major < 8 {
		source = assets.Kernels75
	}
	d.kernels = parsePTX(source)
	if d.arch = fmt.Sprintf("sm_%d%d", major, minor); major*10+minor < leastArch {
		return fmt.Errorf("%s is %s, older than sm_%d", d.name, d.arch, leastArch)
	}
	if d.units, err = d.device.Attribute(cu.MultiprocessorCount); err != nil {
		return err
	}
	if d.shared, err = d.device.Attribute(sharedOptIn); err != nil {
		return err
	}
	if d.context, err = d.device.RetainPrimaryCtx(); err != nil {
		return err
	}
	if err = d.with(func() (err error) {
		if d.stream, err = cu.MakeStream(cu.NonBlocking); err != nil {
			return err
		}
		return d.timer.open()
	}); err != nil {
		return err
	}
	if _, err = d.Kernel("fill"); err != nil { // so that a driver too old for them is found out here
		return err
	}
	if id, err := d.device.UUID(); err == nil {
		d.monitor, _ = nvml.Open(id) // without it only figures are missing
	}
	return nil
}

// leastArch is what the oldest PTX was made for.
const leastArch = 75

// sharedOptIn is CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, which
// the library lacks.
const sharedOptIn cu.DeviceAttribute = 97

// with calls f while the context is current.
func (d *driver) with(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cu.SetCurrentContext(d.context); err != nil {
		return err
	}
	return f()
}

func (d *driver) Name() string { return d.name }
func (d *driver) Arch() string { return d.arch }
func (d *driver) Units() int   { return d.units }

// Shared leaves the little that kernels declare themselves.
func (d *driver) Shared() int { return d.shared - 1024 }

func (d *driver) Memory() (free, total int64) {
	_ = d.with(func() (err error) { // without an answer there is no memory
		free, total, err = cu.MemInfo()
		return err
	})
	return free, total
}

func (d *driver) Read() nvml.Reading {
	if d.monitor == nil {
		return nvml.Unknown
	}
	return d.monitor.Read()
}

func (d *driver) Alloc(n int) (p uint64, err error) {
	err = d.with(func() error {
		ptr, err := cu.MemAlloc(int64(n))
		if err != nil {
			return err
		}
		p = uint64(ptr)
		return cu.MemsetD8Async(ptr, 0, int64(n), d.stream)
	})
	return p, err
}

func (d *driver) Free(p uint64) error {
	return d.with(func() error {
		if err := d.stream.Synchronize(); err != nil {
			return err
		}
		return cu.MemFree(cu.DevicePtr(p))
	})
}

// Upload returns once src was read: memory that is not pinned is copied before
// it is sent.
func (d *driver) Upload(dst uint64, src []byte) error {
	if len(src) == 0 {
		return nil
	}
	return d.with(func() error {
		return cu.MemcpyHtoDAsync(cu.DevicePtr(dst), unsafe.Pointer(&src[0]), int64(len(src)), d.stream)
	})
}

func (d *driver) Download(dst []byte, src uint64) error {
	if len(dst) == 0 {
		return nil
	}
	return d.with(func() error {
		if err := cu.MemcpyDtoHAsync(unsafe.Pointer(&dst[0]), cu.DevicePtr(src), int64(len(dst)), d.stream); err != nil {
			return err
		}
		return errors.Join(d.stream.Synchronize(), d.timer.finished())
	})
}

func (d *driver) Worked() time.Duration { return d.timer.total }

func (d *driver) Kernel(name string) (uint64, error) {
	source := d.kernels.kernel(name)
	if source == "" {
		return 0, fmt.Errorf("cuda: no kernel %s", name)
	}
	err := d.with(func() error {
		module, err := cu.LoadData(source)
		if err != nil {
			return fmt.Errorf("kernel %s: %w", name, err)
		}
		d.modules = append(d.modules, module)
		f, err := module.Function(name)
		if err != nil {
			return err
		}
		handle := *(*unsafe.Pointer)(unsafe.Pointer(&f)) // all that it holds
		d.functions = append(d.functions, handle)
		return libcuda.AllowShared(handle, d.shared)
	})
	return uint64(len(d.functions) - 1), err
}

func (d *driver) Run(series []Launch) error {
	d.series = d.series[:0]
	for i := range series {
		l := &series[i]
		d.series = append(d.series, libcuda.Kernel{
			Function: d.functions[l.Kernel], Grid: l.Grid, Threads: l.Threads, Shared: l.Shared, Args: l.Args,
		})
	}
	return d.with(func() error { return d.timer.around(d.stream, d.runKernels) })
}

// runKernels queues the kernels of a series, as a graph if it ran before.
func (d *driver) runKernels() error {
	stream := d.streamHandle()
	if len(d.series) >= leastSeries {
		if r := d.graphs.find(d.series); r != nil {
			ready, err := r.update(d.series)
			if err != nil {
				return err
			}
			if ready {
				d.graphs.ran++
				return r.graph.Launch(stream)
			}
		} else if old := d.graphs.oldest(); old != nil && old.graph != nil {
			if err := errors.Join(d.stream.Synchronize(), old.graph.Close()); err != nil {
				return err
			}
		}
	}
	for i := range d.series {
		if err := d.series[i].Launch(stream); err != nil {
			return err
		}
	}
	return nil
}

func (d *driver) streamHandle() unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&d.stream)) }

func (d *driver) unload() error {
	var errs []error
	for _, m := range d.modules {
		errs = append(errs, m.Unload())
	}
	return errors.Join(errs...)
}

// Close gives the context back, and with it what is left on the device.
func (d *driver) Close() error {
	err := d.with(func() error {
		err := d.stream.Synchronize()
		if d.sender != nil {
			err = errors.Join(err, d.sender.close())
		}
		return errors.Join(err, d.graphs.close(), d.timer.close(), d.stream.Destroy(), d.unload())
	})
	err = errors.Join(err, d.device.ReleasePrimaryCtx())
	if d.monitor != nil {
		err = errors.Join(err, d.monitor.Close())
	}
	return err
}
