package kv

import (
	"errors"
	"testing"

	"github.com/runnel-chat/runnel/accel"
)

// heap lends ordinary memory and counts it.
type heap struct{ lent, limit int }

var errFull = errors.New("full")

func (h *heap) Alloc(n int) ([]byte, error) {
	if h.limit > 0 && h.lent+n > h.limit {
		return nil, errFull
	}
	h.lent += n
	return make([]byte, n), nil
}

func (h *heap) Free(b []byte) { h.lent -= len(b) }

// sizes is a backend that only knows the size of a block.
type sizes struct{ accel.Backend }

func (sizes) KVBlockBytes(s accel.KVShape) int { return s.Heads * (s.DK + s.DV) * accel.KVBlock }

var (
	full     = Layer{KVShape: accel.KVShape{Heads: 1, DK: 1, DV: 1}}
	windowed = Layer{KVShape: accel.KVShape{Heads: 1, DK: 1, DV: 1}, Window: 100}
	state    = Layer{State: 10}
)

func extend(t *testing.T, c *Cache, n int) {
	t.Helper()
	if err := c.Extend(n); err != nil {
		t.Fatal(err)
	}
}

func TestWindowDropsWhatNobodySees(t *testing.T) {
	h := &heap{}
	c := New(sizes{}, []Layer{full, windowed}, 1<<16, h)
	for range 40 {
		c.Mark()
		extend(t, c, 128)
	}
	all, some := c.Layer(0), c.Layer(1)
	if all.First != 0 || len(all.Blocks) != 20 {
		t.Errorf("the full layer has %d blocks from %d", len(all.Blocks), all.First)
	}
	last := 39 * 128 // position of the last pass
	if some.First > last-99 || some.First < last-99-accel.KVBlock {
		t.Errorf("the window of position %d begins at %d, blocks at %d", last, last-99, some.First)
	}
	if len(some.Blocks) > 3 {
		t.Errorf("the windowed layer has %d blocks", len(some.Blocks))
	}
	if got := c.Truncate(last); got != last {
		t.Errorf("back to %d from the mark at %d", got, last)
	}
	if got := c.Truncate(1000); got != 0 || some.First != 0 {
		t.Errorf("back to %d, first %d, where the window is gone", got, some.First)
	}
	extend(t, c, 300)
	c.Close()
	if h.lent != 0 {
		t.Errorf("%d bytes are lent after Close", h.lent)
	}
}

func TestStatesGoBackToTheMark(t *testing.T) {
	h := &heap{}
	c := New(sizes{}, []Layer{state, full}, 1<<16, h)
	pass := func(n int, value float32) {
		t.Helper()
		extend(t, c, n)
		_, after := c.State(0, 10)
		after[0] = value
	}
	read := func() float32 {
		t.Helper()
		extend(t, c, 1)
		before, _ := c.State(0, 10)
		c.Truncate(c.Len() - 1)
		if before == nil {
			return 0
		}
		return before[0]
	}
	if got := read(); got != 0 {
		t.Errorf("the first pass reads %g", got)
	}
	pass(100, 1)
	c.Mark()
	pass(50, 2)
	for i := range 20 {
		pass(1, float32(3+i))
	}
	if got := read(); got != 22 {
		t.Errorf("the state at %d is %g", c.Len(), got)
	}
	if got := c.Truncate(160); got != 100 || read() != 1 {
		t.Errorf("back to %d, not to the mark", got)
	}
	if got := c.Truncate(99); got != 0 || read() != 0 {
		t.Errorf("back to %d, where there is no state", got)
	}
	c.Close()
	if h.lent != 0 {
		t.Errorf("%d bytes are lent after Close", h.lent)
	}
}

func TestExtendRefuses(t *testing.T) {
	h := &heap{limit: 1000}
	c := New(sizes{}, []Layer{full}, 600, h)
	if err := c.Extend(601); err == nil {
		t.Error("more positions than the limit")
	}
	extend(t, c, 200)
	if err := c.Extend(700 - 200); err == nil || errors.Is(err, errFull) {
		t.Errorf("beyond the limit: %v", err)
	}
	if err := c.Extend(400); !errors.Is(err, errFull) || c.Len() != 200 {
		t.Errorf("without memory: %v, %d positions", err, c.Len())
	}
}
