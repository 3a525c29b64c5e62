// Package kv keeps the keys and values of the tokens that a session has seen.
//
// A cache grows in groups: one group holds accel.KVBlock positions of every
// layer, so its memory follows the conversation and not the longest context
// that the model could take. The bytes come from whoever owns the memory and
// are laid out by the backend; this package only counts positions.
//
//	group 0            group 1
//	├ layer 0 block    ├ layer 0 block
//	├ layer 1 block    ├ layer 1 block
//	…                  …
package kv

import (
	"fmt"

	"github.com/runnel-chat/runnel/accel"
)

// Memory lends off-heap bytes, 64-byte aligned.
type Memory interface {
	Alloc(bytes int) ([]byte, error)
	Free(b []byte)
}

// Cache holds one timeline of positions for every layer. It belongs to one
// goroutine.
type Cache struct {
	mem    Memory
	layers []accel.KV
	sizes  []int // bytes of a block, by layer
	group  int   // bytes of a group
	groups [][]byte
	limit  int // positions
	n      int // positions in use
}

// New returns an empty cache for limit positions.
func New(b accel.Backend, shapes []accel.KVShape, limit int, mem Memory) *Cache {
	c := &Cache{mem: mem, limit: limit, layers: make([]accel.KV, len(shapes)), sizes: make([]int, len(shapes))}
	blocks := (limit + accel.KVBlock - 1) / accel.KVBlock
	c.groups = make([][]byte, 0, blocks)
	for l, s := range shapes {
		// Blocks start on cache lines, as the kernels like them.
		c.sizes[l] = (b.KVBlockBytes(s) + 63) &^ 63
		c.group += c.sizes[l]
		c.layers[l] = accel.KV{Shape: s, Blocks: make([][]byte, 0, blocks)}
	}
	return c
}

// Layer returns the cache of one layer as the backend sees it.
func (c *Cache) Layer(l int) *accel.KV { return &c.layers[l] }

// Len is the number of positions in use.
func (c *Cache) Len() int { return c.n }

// Limit is the number of positions that the cache may hold.
func (c *Cache) Limit() int { return c.limit }

// Bytes is the memory held.
func (c *Cache) Bytes() int64 { return int64(len(c.groups)) * int64(c.group) }

// GroupBytes is what accel.KVBlock positions cost.
func (c *Cache) GroupBytes() int64 { return int64(c.group) }

// Extend makes positions [Len, Len+n) usable and counts them as used.
func (c *Cache) Extend(n int) error {
	if c.n+n > c.limit {
		return fmt.Errorf("kv: %d positions do not fit a context of %d", c.n+n, c.limit)
	}
	for len(c.groups)*accel.KVBlock < c.n+n {
		if err := c.grow(); err != nil {
			return err
		}
	}
	c.n += n
	return nil
}

func (c *Cache) grow() error {
	g, err := c.mem.Alloc(c.group)
	if err != nil {
		return fmt.Errorf("kv: room for positions %d to %d: %w", c.n, c.n+accel.KVBlock, err)
	}
	c.groups = append(c.groups, g)
	for l := range c.layers {
		c.layers[l].Blocks = append(c.layers[l].Blocks, g[:c.sizes[l]:c.sizes[l]])
		g = g[c.sizes[l]:]
	}
	return nil
}

// Truncate forgets the positions from n on. The memory stays for the next
// ones.
func (c *Cache) Truncate(n int) { c.n = min(c.n, n) }

// Close gives the memory back.
func (c *Cache) Close() {
	for _, g := range c.groups {
		c.mem.Free(g)
	}
	c.groups, c.n = nil, 0
	for l := range c.layers {
		c.layers[l].Blocks = nil
	}
}
