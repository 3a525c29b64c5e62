// Package emulate is a CUDA device for tests: it compiles the kernels with the
// C++ compiler of the machine into a program that runs the threads of a block
// as fibres, and speaks with it over pipes and shared memory. So their
// arithmetic, and everything that launches them, is tested without a GPU.
//
// It is as strict as it can be: shared memory holds NaNs when a block begins,
// a shuffle that some lanes of a warp miss ends the device, and writing past
// the end of an allocation is an error at the next Wait.
package emulate

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/runnel-chat/runnel/accel/cuda"
	"github.com/runnel-chat/runnel/accel/cuda/kernels"
	"github.com/runnel-chat/runnel/accel/cuda/nvml"
)

//go:embed device
var sources embed.FS

// ErrNoCompiler is why there is no emulation on a machine without g++.
var ErrNoCompiler = errors.New("emulate: no g++")

// program compiles the device once for all of a process.
var program = sync.OnceValues(func() (path string, err error) {
	dir, err := os.MkdirTemp("", "runnel-device-")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "device")
	if err := compile(path, "device.cpp"); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return path, nil
})

// Library compiles the emulation as NVIDIA's driver library, libcuda.so.1 in
// dir, which a program built with the tag cuda opens when LD_LIBRARY_PATH
// names dir, with the library of the same device's monitor beside it.
func Library(dir string) error {
	return errors.Join(compile(filepath.Join(dir, "libcuda.so.1"), "libcuda.cpp", "-shared", "-fPIC"),
		compile(filepath.Join(dir, "libnvidia-ml.so.1"), "libnvml.cpp", "-shared", "-fPIC"))
}

// compile makes a program, or a library, of one of the sources.
func compile(out, source string, flags ...string) error {
	compiler, err := exec.LookPath("g++")
	if err != nil {
		return ErrNoCompiler
	}
	dir, err := os.MkdirTemp("", "runnel-sources-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	device, _ := fs.Sub(sources, "device") // a constant, valid name
	for _, f := range []fs.FS{kernels.Sources, device} {
		if err = os.CopyFS(dir, f); err != nil {
			return err
		}
	}
	args := append([]string{"-std=c++17", "-O2", "-fno-strict-aliasing", "-Wall", "-Werror", "-Wno-unknown-pragmas", "-o", out}, flags...)
	said, err := exec.Command(compiler, append(args, filepath.Join(dir, source))...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("emulate: %w\n%s", err, said)
	}
	return nil
}

// Cleanup removes what the process compiled; call it at the end of TestMain.
func Cleanup() {
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
}

const (
	guard = 64   // bytes after each allocation that nobody may write
	fence = 0xa5 // what they hold
	align = 256
	wait  = ^uint32(0) // the number of a launch that is answered
)

// Device is a running emulation; it implements cuda.Driver. One goroutine uses
// it.
type Device struct {
	process *exec.Cmd
	in      io.WriteCloser
	to      *bufio.Writer
	from    *bufio.Reader
	errors  bytes.Buffer
	kernels []string
	ran     int        // kernels
	running [][]uint64 // arguments of those that nobody has waited for
	marks   [2]int     // how many of them there were
	sent    []parcel

	memory []byte
	base   uint64
	blocks []block // by address
	used   int64
}

// parcel is what was sent and has not arrived.
type parcel struct {
	to   []byte
	data []byte
	at   block // where it lies
}

// block is an allocation, at an offset into the memory.
type block struct{ at, size int }

// Start runs a device with so many bytes of memory.
func Start(size int) (_ *Device, err error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "memory-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = errors.Join(file.Close(), os.Remove(file.Name())) }() // both have it mapped by then
	if err := file.Truncate(int64(size)); err != nil {
		return nil, err
	}
	d := &Device{process: exec.Command(path, file.Name(), strconv.Itoa(size))}
	if d.memory, err = unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return nil, err
	}
	if err = d.start(); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Device) start() error {
	in, err := d.process.StdinPipe()
	if err != nil {
		return err
	}
	out, err := d.process.StdoutPipe()
	if err != nil {
		return err
	}
	d.process.Stderr = &d.errors
	if err := d.process.Start(); err != nil {
		return err
	}
	d.in, d.to, d.from = in, bufio.NewWriter(in), bufio.NewReader(out)
	for first := true; ; first = false {
		line, err := d.from.ReadString('\n')
		if err != nil {
			return d.died(err)
		}
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			return nil
		case first:
			if d.base, err = strconv.ParseUint(line, 10, 64); err != nil {
				return err
			}
		default:
			d.kernels = append(d.kernels, line)
		}
	}
}

func (d *Device) died(err error) error {
	_ = d.in.Close()
	_ = d.process.Wait() // then all it said is there; the first error counts
	return fmt.Errorf("emulate: the device ended: %w: %s", err, strings.TrimSpace(d.errors.String()))
}

// Name names the device.
func (d *Device) Name() string { return "emulation" }

// Arch is what stands for its generation.
func (d *Device) Arch() string { return "g++" }

// Units is the number of its multiprocessors.
func (d *Device) Units() int { return 4 }

// Shared is the dynamic shared memory of a block.
func (d *Device) Shared() int { return 96 << 10 }

// Memory is what is free, and all there is.
func (d *Device) Memory() (free, total int64) {
	return int64(len(d.memory)) - d.used, int64(len(d.memory))
}

// Read tells what the library of the emulation's monitor does.
func (d *Device) Read() nvml.Reading { return nvml.Reading{Busy: 0.37, Celsius: 61, Watts: 123.4} }

// ErrNoMemory is a device without room.
var ErrNoMemory = errors.New("emulate: out of device memory")

// Alloc takes zeroed memory, in the first gap that is large enough.
func (d *Device) Alloc(size int) (uint64, error) {
	need := (size + guard + align - 1) / align * align
	at, i := 0, 0
	for ; i < len(d.blocks) && d.blocks[i].at-at < need; i++ {
		at = d.blocks[i].at + (d.blocks[i].size+guard+align-1)/align*align
	}
	if at+need > len(d.memory) {
		return 0, ErrNoMemory
	}
	d.blocks = slices.Insert(d.blocks, i, block{at, size})
	d.used += int64(need)
	clear(d.memory[at : at+size])
	for j := range guard {
		d.memory[at+size+j] = fence
	}
	p := d.base + uint64(at)
	d.running = append(d.running, []uint64{p}) // it is zeroed in its turn, as by a kernel
	return p, nil
}

// Free gives back what Alloc returned, once all launches are done.
func (d *Device) Free(p uint64) error {
	if err := d.Wait(); err != nil {
		return err
	}
	for i, b := range d.blocks {
		if d.base+uint64(b.at) == p {
			d.used -= int64((b.size + guard + align - 1) / align * align)
			d.blocks = slices.Delete(d.blocks, i, i+1)
			return nil
		}
	}
	return fmt.Errorf("emulate: nothing was allocated at %#x", p)
}

// bytes finds n bytes at p, within one allocation.
func (d *Device) bytes(p uint64, n int) ([]byte, error) {
	at := int(p - d.base)
	for _, b := range d.blocks {
		if at >= b.at && at+n <= b.at+b.size {
			return d.memory[at : at+n], nil
		}
	}
	return nil, fmt.Errorf("emulate: %d bytes at %#x are not allocated", n, p)
}

// Upload copies to the device.
func (d *Device) Upload(dst uint64, src []byte) error {
	to, err := d.bytes(dst, len(src))
	if err == nil {
		err = d.Wait()
	}
	copy(to, src)
	return err
}

// Download copies from the device, after all launches.
func (d *Device) Download(dst []byte, src uint64) error {
	from, err := d.bytes(src, len(dst))
	if err == nil {
		err = d.Wait()
	}
	copy(dst, from)
	return err
}

// Kernel finds a kernel by name.
func (d *Device) Kernel(name string) (uint64, error) {
	i := slices.Index(d.kernels, name)
	if i < 0 {
		return 0, fmt.Errorf("emulate: no kernel %s", name)
	}
	return uint64(i), nil
}

// Run queues kernels. Arguments are 8 bytes each, the value first.
func (d *Device) Run(series []cuda.Launch) error {
	for _, l := range series {
		d.ran++
		d.running = append(d.running, slices.Clone(l.Args))
		for _, p := range d.sent {
			if d.uses(l.Args, p.at) {
				return fmt.Errorf("emulate: %s uses what has not arrived", d.kernels[l.Kernel])
			}
		}
		header := [9]uint32{
			uint32(l.Kernel), uint32(l.Grid[0]), uint32(l.Grid[1]), uint32(l.Grid[2]),
			uint32(l.Threads), 1, 1, uint32(l.Shared), uint32(len(l.Args)),
		}
		err := binary.Write(d.to, binary.LittleEndian, header[:])
		if err == nil {
			err = binary.Write(d.to, binary.LittleEndian, l.Args)
		}
		if err != nil {
			return d.died(err)
		}
	}
	return nil
}

// Worked says that every kernel took a microsecond.
func (d *Device) Worked() time.Duration { return time.Duration(d.ran) * time.Microsecond }

// uses tells whether a kernel with these arguments may use an allocation.
func (d *Device) uses(args []uint64, b block) bool {
	return slices.ContainsFunc(args, func(v uint64) bool { return v-d.base-uint64(b.at) < uint64(b.size) })
}

// Send keeps a copy until Arrive. Kernels since the mark of the seat must not
// use the place that it goes to.
func (d *Device) Send(dst uint64, src []byte, seat int) error {
	to, err := d.bytes(dst, len(src))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(d.blocks, func(b block) bool { return dst-d.base-uint64(b.at) < uint64(b.size) })
	place := d.blocks[i]
	used := func(args []uint64) bool { return d.uses(args, place) }
	if slices.ContainsFunc(d.running[d.marks[seat]:], used) {
		return errors.New("emulate: a copy overtakes a kernel that uses its place")
	}
	if slices.ContainsFunc(d.running, used) {
		err = d.Wait()
	}
	d.sent = append(d.sent, parcel{to, slices.Clone(src), place})
	return err
}

// Arrive delivers what was sent, beside what is running, none of which uses it.
func (d *Device) Arrive() error {
	for _, p := range d.sent {
		copy(p.to, p.data)
	}
	d.sent = d.sent[:0]
	return nil
}

// Mark remembers what was launched.
func (d *Device) Mark(seat int) error {
	d.marks[seat] = len(d.running)
	return nil
}

// Wait runs all that is queued.
func (d *Device) Wait() error {
	var header [9]uint32
	header[0] = wait
	err := binary.Write(d.to, binary.LittleEndian, header[:])
	if err == nil {
		err = d.to.Flush()
	}
	if err == nil {
		_, err = d.from.ReadByte()
	}
	if err != nil {
		return d.died(err)
	}
	d.running, d.marks = d.running[:0], [2]int{}
	for _, b := range d.blocks {
		for _, v := range d.memory[b.at+b.size:][:guard] {
			if v != fence {
				return fmt.Errorf("emulate: a kernel wrote past the end of the %d bytes at %#x", b.size, d.base+uint64(b.at))
			}
		}
	}
	return nil
}

// Close ends the device.
func (d *Device) Close() error {
	if d.process.Process != nil {
		_ = d.in.Close()
		_ = d.process.Wait() // a device that failed was reported by then
	}
	return unix.Munmap(d.memory)
}
