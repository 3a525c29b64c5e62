//go:build cuda && linux && amd64

package cuda

import (
	"errors"
	"unsafe"

	"gorgonia.org/cu"

	"github.com/runnel-chat/runnel/accel/cuda/libcuda"
)

// sender copies to the device in a stream of its own, from two pinned buffers:
// one is filled while the other is on its way.
type sender struct {
	stream  cu.Stream
	buffers [2]pinned
	next    int
	arrived cu.Event
	marks   [2]cu.Event
}

// pinned is memory of the host that the device reads by itself.
type pinned struct {
	memory []byte
	sent   cu.Event // when it was read last
}

// pinnedBytes holds a tile of the store, mostly.
const pinnedBytes = 4 << 20

// sending calls f with the sender, made when it is first needed.
func (d *driver) sending(f func(s *sender) error) error {
	return d.with(func() error {
		if d.sender == nil {
			d.sender = &sender{}
			if err := d.sender.open(); err != nil {
				return err
			}
		}
		return f(d.sender)
	})
}

func (s *sender) open() (err error) {
	if s.stream, err = cu.MakeStream(cu.NonBlocking); err != nil {
		return err
	}
	for _, e := range []*cu.Event{&s.arrived, &s.marks[0], &s.marks[1], &s.buffers[0].sent, &s.buffers[1].sent} {
		if *e, err = cu.MakeEvent(cu.DisableTiming); err != nil {
			return err
		}
	}
	for i := range s.buffers {
		if s.buffers[i].memory, err = libcuda.AllocHost(pinnedBytes); err != nil {
			return err
		}
	}
	return nil
}

func (s *sender) send(dst uint64, src []byte, seat int) error {
	if err := s.stream.Wait(s.marks[seat], 0); err != nil {
		return err
	}
	for len(src) > 0 {
		b := &s.buffers[s.next]
		s.next = 1 - s.next
		if err := b.sent.Synchronize(); err != nil {
			return err
		}
		n := copy(b.memory, src)
		if err := cu.MemcpyHtoDAsync(cu.DevicePtr(dst), unsafe.Pointer(&b.memory[0]), int64(n), s.stream); err != nil {
			return err
		}
		if err := b.sent.Record(s.stream); err != nil {
			return err
		}
		dst, src = dst+uint64(n), src[n:]
	}
	return s.arrived.Record(s.stream)
}

func (s *sender) close() error {
	if s.stream == (cu.Stream{}) {
		return nil
	}
	errs := []error{s.stream.Synchronize(), s.stream.Destroy()}
	for i := range s.buffers {
		errs = append(errs, libcuda.FreeHost(s.buffers[i].memory), cu.DestroyEvent(&s.buffers[i].sent), cu.DestroyEvent(&s.marks[i]))
	}
	return errors.Join(append(errs, cu.DestroyEvent(&s.arrived))...)
}

// Send copies by way of pinned memory.
func (d *driver) Send(dst uint64, src []byte, seat int) error {
	return d.sending(func(s *sender) error { return s.send(dst, src, seat) })
}

func (d *driver) Arrive() error {
	return d.sending(func(s *sender) error { return d.stream.Wait(s.arrived, 0) })
}

func (d *driver) Mark(seat int) error {
	return d.sending(func(s *sender) error { return s.marks[seat].Record(d.stream) })
}
