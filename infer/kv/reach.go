package kv

import (
	"fmt"

	"github.com/runnel-chat/runnel/accel"
)

// reach is the layers that see the same number of positions back. Their
// blocks of accel.KVBlock positions come and go together, as groups.
type reach struct {
	window int   // 0: all
	layers []int // of the cache
	sizes  []int // bytes of a block, by layer
	bytes  int   // of a group

	first  int      // position of the first group
	groups [][]byte // by position
	spare  [][]byte // dropped, for the next positions
}

func (r *reach) add(layer, bytes int) {
	r.layers, r.sizes = append(r.layers, layer), append(r.sizes, bytes)
	r.bytes += bytes
}

// forget drops the groups that no query from pos on can see.
func (c *Cache) forget(r *reach, pos int) {
	if r.window == 0 {
		return
	}
	drop := max(0, pos-r.window+1-r.first) / accel.KVBlock
	if drop = min(drop, len(r.groups)); drop == 0 {
		return
	}
	r.spare = append(r.spare, r.groups[:drop]...)
	r.groups = append(r.groups[:0], r.groups[drop:]...)
	r.first += drop * accel.KVBlock
	c.lay(r)
}

// grow adds groups for the positions below end.
func (c *Cache) grow(r *reach, end int) error {
	for r.first+len(r.groups)*accel.KVBlock < end {
		var g []byte
		if n := len(r.spare); n > 0 {
			g, r.spare = r.spare[n-1], r.spare[:n-1]
		} else {
			var err error
			if g, err = c.mem.Alloc(r.bytes); err != nil {
				from := r.first + len(r.groups)*accel.KVBlock
				return fmt.Errorf("kv: room for positions %d to %d: %w", from, from+accel.KVBlock, err)
			}
		}
		r.groups = append(r.groups, g)
		c.lay(r)
	}
	return nil
}

// rewind goes back to position 0.
func (c *Cache) rewind(r *reach) {
	if r.first > 0 {
		r.spare = append(r.spare, r.groups...)
		r.groups, r.first = r.groups[:0], 0
		c.lay(r)
	}
}

// trim frees the groups from position end on, and the spare ones.
func (c *Cache) trim(r *reach, end int) {
	keep := min(len(r.groups), max(0, end-r.first+accel.KVBlock-1)/accel.KVBlock)
	if keep == len(r.groups) && len(r.spare) == 0 {
		return
	}
	for _, g := range r.groups[keep:] {
		c.mem.Free(g)
	}
	for _, g := range r.spare {
		c.mem.Free(g)
	}
	clear(r.groups[keep:])
	r.groups, r.spare = r.groups[:keep], r.spare[:0]
	c.lay(r)
}

// lay shows the layers their blocks.
func (c *Cache) lay(r *reach) {
	for _, l := range r.layers {
		kv := &c.layers[l]
		kv.First, kv.Blocks = r.first, kv.Blocks[:0]
	}
	for _, g := range r.groups {
		for i, l := range r.layers {
			c.layers[l].Blocks = append(c.layers[l].Blocks, g[:r.sizes[i]:r.sizes[i]])
			g = g[r.sizes[i]:]
		}
	}
}

func (c *Cache) release(r *reach) {
	for _, g := range append(r.groups, r.spare...) {
		c.mem.Free(g)
	}
	r.groups, r.spare, r.first = nil, nil, 0
	c.lay(r)
}
