package cuda

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cuda/nvml"
	"github.com/runnel-chat/runnel/gguf"
)

// Backend implements accel.Backend on a device and, for what the device lacks,
// on a host. It belongs to one goroutine but for Pack, PackedBytes, Name, ISA,
// Threads and Stats.
type Backend struct {
	driver  Driver
	host    accel.Backend
	kernels map[string]uint64
	series  series // launched, not yet handed to the device

	tensors []*mirror                 // by address, from Alloc
	blocks  map[*byte]*mirror         // of the KV cache
	tables  map[*accel.KV]*table      // where its blocks are
	vectors map[*float32]uint64       // norms, biases and the like
	weights map[*accel.Weight]*weight // placed here
	visits  visits                    // of those that are not
	acts    activations               // of the last input
	come    room                      // counters of blocks of threads
	first   position                  // of the pass
	turns   turned                    // of the last position
	parts   room                      // of attention
	pairs   room                      // of a mixture, told by the host
	picked  room                      // and chosen here
	counted room                      // 0, 1, 2 …
	lists   map[*accel.Weight]uint64  // of the weights of all experts, by the first
	best    best                      // of the logits
	queued  bool                      // the host has work queued

	err  error // for Sync
	lost error // why the device is not used any more; set once

	stats   counters
	monitor *monitor
}

var _ accel.Backend = (*Backend)(nil)

// counters are read by anyone.
type counters struct {
	weightBytes atomic.Int64
	noRoom      atomic.Int64
	free, total atomic.Int64
	fallbacks   atomic.Uint64
	lost        atomic.Pointer[string]
	worked      atomic.Int64 // ns
}

// Stats is a look at a device.
type Stats struct {
	Name        string
	TotalBytes  int64         // of its memory
	UsedBytes   int64         // by everyone, when last asked
	WeightBytes int64         // of the model that are there
	NoRoom      int64         // weights that should be and found no room
	Fallbacks   uint64        // operations that ran on the host because the device lacks them
	Lost        string        // why the device is not used any more
	Worked      time.Duration // that kernels have run
	nvml.Reading
}

// New puts a device beside a host and owns both. Only weights that Place was
// called for are multiplied on the device.
func New(driver Driver, host accel.Backend) *Backend {
	b := &Backend{
		driver: driver, host: host,
		kernels: map[string]uint64{},
		blocks:  map[*byte]*mirror{},
		tables:  map[*accel.KV]*table{},
		vectors: map[*float32]uint64{},
		weights: map[*accel.Weight]*weight{},
		lists:   map[*accel.Weight]uint64{},
		monitor: newMonitor(driver.Read),
	}
	b.look()
	return b
}

// look asks how much memory is free.
func (b *Backend) look() {
	free, total := b.driver.Memory()
	b.stats.free.Store(free)
	b.stats.total.Store(total)
}

// Stats returns a look at the device; it never waits.
func (b *Backend) Stats() Stats {
	s := Stats{
		Name:        b.driver.Name(),
		TotalBytes:  b.stats.total.Load(),
		WeightBytes: b.stats.weightBytes.Load(),
		NoRoom:      b.stats.noRoom.Load(),
		Fallbacks:   b.stats.fallbacks.Load(),
		Lost:        b.Lost(),
		Worked:      b.Worked(),
		Reading:     b.monitor.look(),
	}
	s.UsedBytes = s.TotalBytes - b.stats.free.Load()
	return s
}

// Lost says why the device is not used any more; "": it is.
func (b *Backend) Lost() string {
	if why := b.stats.lost.Load(); why != nil {
		return *why
	}
	return ""
}

// Worked is how long kernels have run, as far as the host has waited for them.
func (b *Backend) Worked() time.Duration { return time.Duration(b.stats.worked.Load()) }

// Name returns "cuda", or the host's once the device is lost.
func (b *Backend) Name() string {
	if b.stats.lost.Load() != nil {
		return b.host.Name()
	}
	return "cuda"
}

// ISA names the generation of the device and the host's instruction set.
func (b *Backend) ISA() string {
	if b.stats.lost.Load() != nil {
		return b.host.ISA()
	}
	return b.driver.Arch() + "+" + b.host.ISA()
}

// Threads is the host's.
func (b *Backend) Threads() int { return b.host.Threads() }

// PackedBytes is the host's.
func (b *Backend) PackedBytes(t gguf.Type, rows, cols int) (int, error) {
	return b.host.PackedBytes(t, rows, cols)
}

// Pack is the host's: both read the same form.
func (b *Backend) Pack(t gguf.Type, dst, src []byte, rows, cols int) {
	b.host.Pack(t, dst, src, rows, cols)
}

// RowAlign is the host's.
func (b *Backend) RowAlign() int { return b.host.RowAlign() }

// KVBlockBytes is the host's.
func (b *Backend) KVBlockBytes(s accel.KVShape) int { return b.host.KVBlockBytes(s) }

// Alloc returns a tensor with a copy on the device. A device without room for
// activations is of no use and given up.
func (b *Backend) Alloc(rows, cols int) (accel.Tensor, error) {
	x, err := b.host.Alloc(rows, cols)
	if err != nil || b.lost != nil || len(x.Data) == 0 {
		return x, err
	}
	m := &mirror{host: asBytes(x.Data)}
	if m.device, err = b.driver.Alloc(len(m.host)); err != nil {
		b.giveUp(fmt.Errorf("activations of %d x %d: %w", rows, cols, err))
		return x, nil
	}
	at := 0
	for at < len(b.tensors) && address(b.tensors[at].host) < address(m.host) {
		at++
	}
	b.tensors = append(b.tensors[:at], append([]*mirror{m}, b.tensors[at:]...)...)
	return x, nil
}

// Fetch makes x readable on the host.
func (b *Backend) Fetch(x accel.Tensor) { b.bring(x) }

// Changed says that the caller has written x.
func (b *Backend) Changed(x accel.Tensor) {
	if b.lost == nil {
		b.hostWrites(b.find(x))
	}
}

// Forget drops the copies of blocks of the KV cache within raw.
func (b *Backend) Forget(raw []byte) {
	b.host.Forget(raw)
	for key, m := range b.blocks {
		at := uintptr(unsafe.Pointer(key))
		if at < address(raw) || at >= address(raw)+uintptr(len(raw)) {
			continue
		}
		delete(b.blocks, key)
		if m.device != 0 {
			b.free(m.device)
		}
	}
}

// giveUp goes on without the device.
func (b *Backend) giveUp(why error) {
	b.lost = why
	text := why.Error()
	b.stats.lost.Store(&text)
}

// lose gives the device up while it holds what is needed: what is queued or
// follows until Sync has no meaning.
func (b *Backend) lose(err error) {
	if b.lost != nil {
		return
	}
	b.giveUp(err)
	b.fail(fmt.Errorf("cuda: %w: %w", accel.ErrDeviceLost, err))
}

func (b *Backend) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// flushHost runs what the host has queued.
func (b *Backend) flushHost() {
	if !b.queued {
		return
	}
	b.queued = false
	if err := b.host.Sync(); err != nil {
		b.fail(err)
	}
}

// Sync runs what the host has queued and returns the first error so far; the
// device may still be at work, or wait for more of its series.
func (b *Backend) Sync() error {
	b.queued = true
	b.flushHost()
	b.stats.worked.Store(int64(b.driver.Worked()))
	err := b.err
	b.err = nil
	return err
}

// Close frees the device and stops the host.
func (b *Backend) Close() error {
	b.monitor.close()
	if b.lost == nil {
		for _, p := range b.held() {
			if err := b.driver.Free(p); err != nil {
				break // closing the device frees everything
			}
		}
	}
	return errors.Join(b.driver.Close(), b.host.Close())
}

// held lists the memory of the device in use.
func (b *Backend) held() (list []uint64) {
	for _, m := range b.tensors {
		list = append(list, m.device)
	}
	for _, m := range b.blocks {
		if m.device != 0 {
			list = append(list, m.device)
		}
	}
	for _, t := range b.tables {
		list = append(list, t.p)
	}
	for _, p := range b.vectors {
		list = append(list, p)
	}
	for _, p := range b.lists {
		if p != 0 {
			list = append(list, p)
		}
	}
	for _, w := range b.weights {
		if w.p != 0 {
			list = append(list, w.p)
		}
	}
	for _, r := range []room{b.acts.q, b.acts.scales, b.acts.other, b.come, b.first.room, b.turns.table, b.parts, b.pairs, b.picked, b.counted, b.visits.seats[0], b.visits.seats[1], b.best.keys[0], b.best.keys[1]} {
		if r.p != 0 {
			list = append(list, r.p)
		}
	}
	return list
}

// vector returns the copy of a vector that lives as long as the model; 0 for
// none.
func (b *Backend) vector(v []float32) uint64 {
	if len(v) == 0 || b.lost != nil {
		return 0
	}
	if p, ok := b.vectors[&v[0]]; ok {
		return p
	}
	p, err := b.driver.Alloc(4 * len(v))
	if err != nil {
		b.lose(err)
		return 0
	}
	b.vectors[&v[0]] = p
	b.toDevice(p, asBytes(v))
	return p
}
