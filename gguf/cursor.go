package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
)

// cursor reads a header front to back through a small buffer. The first error
// sticks; after it every read gives zeros, so a parser checks at the ends of
// its loops. A count read from the file is only ever used after room has
// compared it with the bytes that are left.
type cursor struct {
	r    io.ReaderAt
	size int64 // of the file
	off  int64 // of the next byte
	end  int64 // where the header must have ended: the metadata limit or size
	buf  []byte
	at   int // in buf
	key  string
	err  error
}

const bufferBytes = 64 << 10

func newCursor(r io.ReaderAt, size, limit int64) *cursor {
	return &cursor{r: r, size: size, end: min(size, limit), buf: make([]byte, 0, min(bufferBytes, max(size, 0)))}
}

// fail records what is wrong at an offset, unless something already was.
func (c *cursor) fail(off int64, format string, args ...any) {
	if c.err == nil {
		c.err = &FormatError{Off: off, Key: c.key, Why: fmt.Sprintf(format, args...)}
	}
}

// room reports whether n items of at least size bytes can follow.
func (c *cursor) room(n uint64, size int64, what string) bool {
	if c.err != nil {
		return false
	}
	if left := c.end - c.off; n > uint64(left/size) {
		why := "the file has"
		if c.end < c.size {
			why = "the metadata limit leaves"
		}
		c.fail(c.off, "%d %s do not fit the %d bytes that %s left", n, what, left, why)
		return false
	}
	return true
}

// next returns n bytes, which live until the next call. n is at most the
// buffer's size.
func (c *cursor) next(n int) []byte {
	if c.err == nil && int64(n) > c.end-c.off {
		c.fail(c.off, "the header is cut off")
	}
	if c.err == nil && len(c.buf)-c.at < n {
		c.fill()
	}
	if c.err != nil {
		return make([]byte, n)
	}
	b := c.buf[c.at : c.at+n]
	c.at += n
	c.off += int64(n)
	return b
}

// fill reads on from off.
func (c *cursor) fill() {
	n := min(int64(cap(c.buf)), c.end-c.off)
	c.buf, c.at = c.buf[:n], 0
	if got, err := c.r.ReadAt(c.buf, c.off); int64(got) < n {
		c.err = &FormatError{Off: c.off + int64(got), Key: c.key, Why: fmt.Sprintf("cannot be read: %v", err)}
	}
}

func (c *cursor) u32() uint32 { return binary.LittleEndian.Uint32(c.next(4)) }
func (c *cursor) u64() uint64 { return binary.LittleEndian.Uint64(c.next(8)) }

// count reads a count, a length or a number of items.
func (c *cursor) count() uint64 { return c.u64() }

// text appends the bytes of a string to dst.
func (c *cursor) text(dst []byte) []byte {
	n := c.count()
	if !c.room(n, 1, "bytes of a string") {
		return dst
	}
	for left := int(n); left > 0 && c.err == nil; {
		piece := c.next(min(left, cap(c.buf)))
		dst = append(dst, piece...)
		left -= len(piece)
	}
	return dst
}
