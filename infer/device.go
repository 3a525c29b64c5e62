package infer

import (
	"fmt"
	"strconv"
	"time"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cpu"
	"github.com/runnel-chat/runnel/accel/cuda"
	"github.com/runnel-chat/runnel/infer/kv"
	"github.com/runnel-chat/runnel/infer/model"
)

// GPU is the part of a model that a GPU computes.
type GPU struct {
	Name        string // of the device; "": none is used
	Unused      string // why none is used
	Lost        string // why it is not used any more; the CPU has gone on
	TotalBytes  int64  // of its memory
	UsedBytes   int64  // of it, by everyone
	WeightBytes int64  // of the model that are there
	Layers      int    // whose weights belong there
	NoRoom      int64  // weights and blocks of the KV cache that found no room
	Fallbacks   uint64 // operations that it lacks, which ran on the CPU

	// How long its kernels ran for prompts and for answers, by its own clock.
	PrefillTime, DecodeTime time.Duration

	// What it is doing; -1 where it does not tell.
	Busy    float64 // share of the last moments in which it computed, 0 to 1
	Celsius float64
	Watts   float64
}

// openBackend takes the CPU and, unless the options say otherwise, puts a
// device beside it.
func (e *Engine) openBackend(o Options) error {
	host, err := cpu.New(o.threads(), e.memory.Scratch)
	if err != nil {
		return err
	}
	e.backend = host
	if o.GPU == "off" || o.GPU == "0" {
		e.unused = "switched off"
		return nil
	}
	open := cuda.Open
	if o.device != nil {
		open = o.device
	}
	driver, err := open()
	if err != nil {
		e.unused = err.Error()
		return nil
	}
	e.device = cuda.New(driver, host)
	e.backend = e.device
	return nil
}

// gpu returns a look at the device.
func (e *Engine) gpu() GPU {
	if e.device == nil {
		return GPU{Unused: e.unused}
	}
	s := e.device.Stats()
	return GPU{
		Name: s.Name, Lost: s.Lost, TotalBytes: s.TotalBytes, UsedBytes: s.UsedBytes, WeightBytes: s.WeightBytes,
		Layers: e.layers, NoRoom: s.NoRoom, Fallbacks: s.Fallbacks,
		Busy: s.Busy, Celsius: s.Celsius, Watts: s.Watts,
	}
}

// deviceReserve is memory of a device that is left to what grows: the
// products' inputs, the driver, the screen.
const deviceReserve = 256 << 20

// place decides which layers the device computes: those from the last one
// back, beginning with the projection onto the vocabulary, for which there is
// room; or as many as the user says. Where some stay on the host, two of their
// weights at a time have room to visit the device.
func (e *Engine) place(m *model.Model, d *model.Declaration, o Options, keep int64) {
	if e.device == nil || e.device.Lost() != "" {
		return
	}
	most, err := strconv.Atoi(o.GPU)
	chosen := err == nil
	if !chosen {
		most = m.Layers
	}
	sizes := make([]int64, m.Layers+1) // the last: what is outside the layers
	largest := int64(0)
	at := func(w model.Matrix) int {
		if w.Layer < 0 {
			return m.Layers
		}
		return w.Layer
	}
	for _, w := range d.Matrices {
		if !w.Gather {
			n, _ := e.backend.PackedBytes(w.Type, w.Weight.Rows, w.Weight.Cols) // the declaration has asked before
			sizes[at(w)] += int64(n)
			if !w.Expert {
				largest = max(largest, int64(n))
			}
		}
	}
	s := e.device.Stats()
	room := s.TotalBytes - s.UsedBytes
	room -= min(keep, room/4) + min(deviceReserve, s.TotalBytes/16)
	fits := func(l int) bool {
		if l == 0 {
			return sizes[l] <= room // nothing is left to visit
		}
		return sizes[l]+2*largest <= room
	}
	first := m.Layers + 1
	for first > max(0, m.Layers-most) && (chosen || fits(first-1)) {
		first--
		room -= sizes[first]
	}
	e.layers = max(0, m.Layers-first)
	for _, w := range d.Matrices {
		if !w.Gather && at(w) >= first {
			e.device.Place(w.Weight)
			if !w.Expert {
				e.placed = append(e.placed, w.Weight)
			}
		}
	}
}

// blocks lends memory to the KV cache and tells the backend when it comes
// back.
type blocks struct {
	*memory
	backend accel.Backend
}

func (b blocks) Free(raw []byte) {
	b.backend.Forget(raw)
	b.memory.Free(raw)
}

var _ kv.Memory = blocks{}

// lostNotice is what a user reads when the device is lost in an answer.
func (e *Engine) lostNotice() string {
	return fmt.Sprintf("the GPU failed (%s): the CPU goes on", e.device.Lost())
}
