package gguf

import (
	"bytes"
	"fmt"
	"io"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// Limits bounds what Parse accepts. Zero fields mean the defaults.
type Limits struct {
	MetaBytes int64 // of the header: metadata and tensor table (64 MiB)
	Keys      int   // 4096
	Tensors   int   // 65536
}

func (l Limits) orDefaults() Limits {
	if l.MetaBytes <= 0 {
		l.MetaBytes = 64 << 20
	}
	if l.Keys <= 0 {
		l.Keys = 4096
	}
	if l.Tensors <= 0 {
		l.Tensors = 65536
	}
	return l
}

const (
	minVersion, maxVersion = 2, 3

	defaultAlignment = 32
	minAlignment     = 8
	maxAlignment     = 1 << 20

	maxName = 256 // bytes of a key or a tensor name

	// The least bytes of an item, by which counts are judged.
	minPair   = 8 + 4 + 1         // an empty key, its type, one byte
	minTensor = 8 + 4 + 8 + 4 + 8 // an empty name, one dimension
	minString = 8
)

// Parse proves a header. The error is a *FormatError, and then there is no
// File: nothing half-checked ever leaves this function.
func Parse(r io.ReaderAt, size int64, lim Limits) (*File, error) {
	lim = lim.orDefaults()
	c := newCursor(r, size, lim.MetaBytes)
	p := parser{
		cursor: c, lim: lim,
		f: &File{Size: size, Shards: []Shard{{Size: size}}, byKey: map[string]int{}, byName: map[string]int{}},
	}
	p.header()
	p.pairs()
	p.alignment()
	p.table()
	p.place()
	if c.err != nil {
		return nil, c.err
	}
	return p.f, nil
}

type parser struct {
	*cursor
	lim            Limits
	f              *File
	tensors, pairN uint64
	scratch        []byte
}

func (p *parser) header() {
	if p.size < 24 {
		p.fail(0, "a file of %d bytes is too short to be GGUF", max(p.size, 0))
		return
	}
	if magic := p.next(4); string(magic) != "GGUF" {
		p.fail(0, "the magic is %q, not \"GGUF\"", magic)
		return
	}
	p.f.Version = p.u32()
	switch v := p.f.Version; {
	case p.err != nil:
	case v>>16 != 0 && bits.ReverseBytes32(v) <= maxVersion:
		p.fail(4, "the file is big-endian, which is not supported")
	case v < minVersion || v > maxVersion:
		p.fail(4, "version %d is not supported (only %d and %d are)", v, minVersion, maxVersion)
	}
	p.tensors = p.counted(p.lim.Tensors, minTensor, "tensors")
	p.pairN = p.counted(p.lim.Keys, minPair, "key-value pairs")
}

// counted reads a count and compares it with its limit and the file.
func (p *parser) counted(limit int, size int64, what string) uint64 {
	off, n := p.off, p.count()
	if p.room(n, size, what) && n > uint64(limit) {
		p.fail(off, "%d %s are more than the %d allowed", n, what, limit)
	}
	return n
}

func (p *parser) pairs() {
	for i := uint64(0); i < p.pairN && p.err == nil; i++ {
		v := Value{Off: p.off, Key: p.name("key")}
		p.key = fmt.Sprintf("key %q", v.Key)
		if _, twice := p.f.byKey[v.Key]; twice {
			p.fail(v.Off, "appears twice")
		}
		p.value(&v)
		p.key = ""
		if p.err == nil {
			p.f.byKey[v.Key] = len(p.f.values)
			p.f.values = append(p.f.values, v)
		}
	}
}

// name reads a key or a tensor name: short, printable, valid UTF-8, because
// it is shown to people and used in messages.
func (p *parser) name(what string) string {
	off := p.off
	if n := p.count(); p.room(n, 1, "bytes of a name") {
		switch {
		case n == 0:
			p.fail(off, "a %s has no name", what)
		case n > maxName:
			p.fail(off, "a %s of %d bytes is longer than %d", what, n, maxName)
		default:
			b := p.next(int(n))
			if !utf8.Valid(b) {
				p.fail(off, "a %s is not valid UTF-8: %q", what, b)
			} else if i := bytes.IndexFunc(b, unprintable); i >= 0 {
				p.fail(off, "a %s has a control character: %q", what, b)
			} else if p.err == nil {
				return string(b)
			}
		}
	}
	return ""
}

func unprintable(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }

func (p *parser) value(v *Value) {
	off := p.off
	v.kind = p.kind(off)
	switch {
	case p.err != nil:
	case v.kind == kindString:
		p.scratch = p.text(p.scratch[:0])
		v.str = clean(p.scratch)
	case v.kind == kindArray:
		p.array(&v.array)
	default:
		v.num = p.scalar(v.kind)
	}
}

func (p *parser) kind(off int64) kind {
	k := kind(p.u32())
	if p.err == nil && !k.valid() {
		p.fail(off, "value type %d is unknown", uint32(k))
	}
	return k
}

func (p *parser) scalar(k kind) uint64 {
	off := p.off
	x := k.decode(p.next(kinds[k].size))
	if k == kindBool && x > 1 {
		p.fail(off, "a boolean of %d", x)
	}
	return x
}

// clean makes text of bytes: what is not valid UTF-8 becomes U+FFFD.
func clean(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }

func (p *parser) array(a *array) {
	off := p.off
	a.kind = p.kind(off)
	if p.err == nil && a.kind == kindArray {
		p.fail(off, "arrays of arrays are not supported")
		return
	}
	n := p.count()
	switch {
	case p.err != nil:
	case a.kind == kindString:
		if p.room(n, minString, "strings") {
			a.n = int(n)
			a.strings = p.strings(a.n)
		}
	case p.room(n, int64(kinds[a.kind].size), "elements"):
		a.n = int(n)
		a.raw = p.raw(a.n * kinds[a.kind].size)
	}
	if a.kind == kindBool && p.err == nil {
		for i, b := range a.raw {
			if b > 1 {
				p.fail(off, "element %d is a boolean of %d", i, b)
				return
			}
		}
	}
}

// raw reads n bytes that are known to be there. The slice grows with what was
// read, never ahead of it by more than the buffer.
func (p *parser) raw(n int) []byte {
	var b []byte
	for len(b) < n && p.err == nil {
		piece := p.next(min(n-len(b), cap(p.buf)))
		b = append(b, piece...)
	}
	return b
}

// strings reads n strings into one allocation. Vocabularies hold byte
// sequences that are no UTF-8 on their own; they are kept as they are.
func (p *parser) strings(n int) []string {
	p.scratch = p.scratch[:0]
	var ends []int
	for i := 0; i < n && p.err == nil; i++ {
		p.scratch = p.text(p.scratch)
		ends = append(ends, len(p.scratch))
	}
	if p.err != nil {
		return nil
	}
	all, from := string(p.scratch), 0
	out := make([]string, n)
	for i, to := range ends {
		out[i], from = all[from:to], to
	}
	return out
}

// alignment reads general.alignment, which places the tensor data.
func (p *parser) alignment() {
	p.f.Alignment = defaultAlignment
	if p.err != nil {
		return
	}
	if i, ok := p.f.byKey["general.architecture"]; ok && p.f.values[i].kind != kindString {
		p.err = p.f.values[i].errorf("%s where a string belongs", p.f.values[i].kind)
		return
	}
	i, ok := p.f.byKey["general.alignment"]
	if !ok {
		return
	}
	v := &p.f.values[i]
	switch a := int64(v.num); {
	case v.kind != kindUint32:
		p.err = v.errorf("%s where a uint32 belongs", v.kind)
	case a&(a-1) != 0 || a == 0:
		p.err = v.errorf("%d is not a power of two", a)
	case a < minAlignment || a > maxAlignment:
		p.err = v.errorf("%d is outside %d..%d", a, minAlignment, maxAlignment)
	default:
		p.f.Alignment = a
	}
}
