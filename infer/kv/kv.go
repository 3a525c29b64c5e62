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

// Layer says what one layer keeps.
type Layer struct {
	accel.KVShape     // of a position; without heads it is nothing
	Window        int // how many positions a query sees, itself among them; 0: all
	State         int // float32 values that hold everything before a position
}

// Cache holds one timeline of positions for every layer. It belongs to one
// goroutine.
type Cache struct {
	mem    Memory
	layers []accel.KV
	reach  []reach
	states states
	limit  int // positions
	n      int // positions in use
	mark   int // the position that Truncate shall be able to go back to
}

// New returns an empty cache for limit positions.
func New(b accel.Backend, layers []Layer, limit int, mem Memory) *Cache {
	c := &Cache{mem: mem, limit: limit, layers: make([]accel.KV, len(layers))}
	blocks := (limit + accel.KVBlock - 1) / accel.KVBlock
	for l, s := range layers {
		c.layers[l] = accel.KV{Shape: s.KVShape}
		if s.Heads > 0 {
			c.layers[l].Blocks = make([][]byte, 0, blocks)
			c.within(s.Window).add(l, blockBytes(b, s.KVShape))
		}
	}
	c.states = newStates(layers)
	return c
}

// blockBytes is the size of a block; blocks start on cache lines, as the
// kernels like them.
func blockBytes(b accel.Backend, s accel.KVShape) int { return (b.KVBlockBytes(s) + 63) &^ 63 }

// Bytes is what a cache of these layers holds after a long conversation of
// the given length, read in passes of up to batch positions.
func Bytes(b accel.Backend, layers []Layer, positions, batch int) int64 {
	s := newStates(layers)
	n := s.size()
	for _, l := range layers {
		if l.Heads == 0 {
			continue
		}
		kept := positions
		if l.Window > 0 {
			kept = min(kept, l.Window+batch+accel.KVBlock)
		}
		n += int64((kept+accel.KVBlock-1)/accel.KVBlock) * int64(blockBytes(b, l.KVShape))
	}
	return n
}

// within returns the layers that see window positions.
func (c *Cache) within(window int) *reach {
	for i := range c.reach {
		if c.reach[i].window == window {
			return &c.reach[i]
		}
	}
	c.reach = append(c.reach, reach{window: window})
	return &c.reach[len(c.reach)-1]
}

// Layer returns the cache of one layer as the backend sees it.
func (c *Cache) Layer(l int) *accel.KV { return &c.layers[l] }

// Len is the number of positions in use.
func (c *Cache) Len() int { return c.n }

// Limit is the number of positions that the cache may hold.
func (c *Cache) Limit() int { return c.limit }

// Bytes is the memory held.
func (c *Cache) Bytes() int64 {
	n := c.states.bytes()
	for i := range c.reach {
		r := &c.reach[i]
		n += int64(len(r.groups)+len(r.spare)) * int64(r.bytes)
	}
	return n
}

// FirstBytes is what the first accel.KVBlock positions cost.
func (c *Cache) FirstBytes() int64 {
	n := c.states.size()
	for i := range c.reach {
		n += int64(c.reach[i].bytes)
	}
	return n
}

// Extend makes positions [Len, Len+n) usable and counts them as used.
func (c *Cache) Extend(n int) error {
	if c.n+n > c.limit {
		return fmt.Errorf("kv: %d positions do not fit a context of %d", c.n+n, c.limit)
	}
	for i := range c.reach {
		r := &c.reach[i]
		c.forget(r, min(c.n, c.mark))
		if err := c.grow(r, c.n+n); err != nil {
			return err
		}
	}
	if err := c.states.next(c.mem, c.n, c.n+n, c.mark); err != nil {
		return err
	}
	c.n += n
	return nil
}

// Mark asks Truncate to be able to come back to this position, until the next
// Mark. The beginning needs no mark.
func (c *Cache) Mark() { c.mark = c.n }

// Truncate forgets the positions from n on, and more where it must: a layer
// that has dropped what fell out of its window, or that keeps a state, only
// goes back to some positions. It returns how many are left. The memory stays
// for the next ones.
func (c *Cache) Truncate(n int) int {
	if n >= c.n {
		return c.n
	}
	for i := range c.reach {
		if r := &c.reach[i]; r.first > max(0, n-r.window+1) {
			n = 0
		}
	}
	n = c.states.back(n)
	if n == 0 {
		for i := range c.reach {
			c.rewind(&c.reach[i])
		}
	}
	c.n, c.mark = n, min(c.mark, n)
	return n
}

// Trim gives back the memory that n positions do not need.
func (c *Cache) Trim(n int) {
	for i := range c.reach {
		r := &c.reach[i]
		if r.window == 0 {
			c.trim(r, max(c.n, n))
		}
	}
}

// Close gives the memory back.
func (c *Cache) Close() {
	for i := range c.reach {
		c.release(&c.reach[i])
	}
	c.states.close(c.mem)
	c.n, c.mark = 0, 0
}
