package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// cursor reads the header front to back through one small buffer. The first
// failure sticks and every later read gives zeros, so the parser looks at err
// where a value decides something and not after each field.
type cursor struct {
	r    io.ReaderAt
	size int64 // of the file
	end  int64 // no byte from here on is read: size, or the metadata limit
	off  int64 // of the next byte
	win  []byte
	buf  [16 << 10]byte
	err  error

	key, tensor string // what is being read, for the error
}

func newCursor(r io.ReaderAt, size, limit int64) *cursor {
	return &cursor{r: r, size: size, end: min(size, limit)}
}

// left is how many bytes may still be read.
func (c *cursor) left() int64 { return c.end - c.off }

// fail records the first error, at off.
func (c *cursor) fail(off int64, format string, args ...any) {
	if c.err == nil {
		c.err = &FormatError{Off: off, Key: c.key, Tensor: c.tensor, Why: fmt.Sprintf(format, args...)}
	}
}

// need reports whether n more bytes may be read, and fails when not.
func (c *cursor) need(n uint64, what string) bool {
	if c.err != nil {
		return false
	}
	if n <= uint64(c.left()) {
		return true
	}
	c.fail(c.off, "%s of %d bytes, but %s", what, n, c.room())
	return false
}

// room says what is left, for errors.
func (c *cursor) room() string {
	if c.end < c.size {
		return fmt.Sprintf("%d bytes are left of the %d allowed for metadata", c.left(), c.end)
	}
	return fmt.Sprintf("%d bytes are left of the file", c.left())
}

// take returns the next n bytes, at most a buffer full, valid until the next
// read; nil after a failure.
func (c *cursor) take(n int, what string) []byte {
	if !c.need(uint64(n), what) {
		return nil
	}
	if len(c.win) < n {
		kept := copy(c.buf[:], c.win)
		fill := c.buf[kept:min(int64(len(c.buf)), int64(kept)+c.end-c.off-int64(kept))]
		if !c.readAt(fill, c.off+int64(kept)) {
			return nil
		}
		c.win = c.buf[:kept+len(fill)]
	}
	b := c.win[:n]
	c.win = c.win[n:]
	c.off += int64(n)
	return b
}

// append reads n bytes onto dst.
func (c *cursor) append(dst []byte, n int, what string) []byte {
	if !c.need(uint64(n), what) {
		return dst
	}
	have := min(n, len(c.win))
	dst = append(dst, c.win[:have]...)
	c.win = c.win[have:]
	c.off += int64(have)
	if rest := n - have; rest > 0 && rest <= len(c.buf) {
		dst = append(dst, c.take(rest, what)...)
	} else if rest > 0 {
		at := len(dst)
		dst = append(dst, make([]byte, rest)...)
		if !c.readAt(dst[at:], c.off) {
			return dst[:at]
		}
		c.off += int64(rest)
	}
	return dst
}

// readAt fills p, or fails: the file may be shorter than its size said.
func (c *cursor) readAt(p []byte, off int64) bool {
	n, err := c.r.ReadAt(p, off)
	switch {
	case n == len(p):
		return true
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		c.fail(off+int64(n), "the file ends here, short of its size of %d", c.size)
	default:
		c.err = fmt.Errorf("gguf: reading at %#x: %w", off, err)
	}
	return false
}

func (c *cursor) u32(what string) uint32 {
	if b := c.take(4, what); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64(what string) uint64 {
	if b := c.take(8, what); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// count reads a number of items that take at least each bytes apiece.
func (c *cursor) count(what string, each int, limit int64) int {
	off := c.off
	n := c.u64("the number of " + what)
	if c.err != nil {
		return 0
	}
	if n > uint64(c.left()/int64(each)) {
		c.fail(off, "%d %s, but %s", n, what, c.room())
		return 0
	}
	if n > uint64(limit) {
		c.fail(off, "%d %s, the limit is %d", n, what, limit)
		return 0
	}
	return int(n)
}

// name reads the name of a key or tensor. It is text without control
// characters, so it can be shown and compared.
func (c *cursor) name(what string, limit int) string {
	off := c.off
	n := c.u64("the length of " + what)
	if c.err != nil {
		return ""
	}
	if n == 0 || n > uint64(limit) {
		c.fail(off, "%s of %d bytes, allowed are 1 to %d", what, n, limit)
		return ""
	}
	s := string(c.append(make([]byte, 0, min(int64(n), c.left())), int(n), what))
	if c.err == nil && !printable(s, false) {
		c.fail(off, "%s %q holds control characters or is not UTF-8", what, clip(s))
	}
	return s
}
