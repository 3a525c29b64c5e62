package gguf

import (
	"cmp"
	"io"
	"math"
	"math/bits"
	"slices"
	"unicode"
	"unicode/utf8"
)

const (
	magic            = "GGUF"
	defaultAlignment = 32
	minAlignment     = 8
	maxAlignment     = 1 << 20
	maxDims          = 4
	maxName          = 256 // of a key or tensor; real ones stay below 128
	minKeyBytes      = 8 + 1 + 4 + 1
	minTensorBytes   = 8 + 1 + 4 + 8 + 4 + 8
)

// Limits bounds what Parse accepts. A zero field means the default.
type Limits struct {
	MetaBytes int64 // header, metadata and tensor table together; 64 MiB
	Keys      int   // 4096
	Tensors   int   // 65536
}

func (l Limits) orDefaults() Limits {
	return Limits{
		MetaBytes: cmp.Or(l.MetaBytes, 64<<20),
		Keys:      cmp.Or(l.Keys, 4096),
		Tensors:   cmp.Or(l.Tensors, 65536),
	}
}

// Parse reads the header of a file of the given size: GGUF version 2 or 3,
// little endian. Every fault of the file is a *FormatError; a failure to read
// it is passed on, wrapped. It reads the header once, front to back, and keeps
// nothing of r.
func Parse(r io.ReaderAt, size int64, lim Limits) (*File, error) {
	lim = lim.orDefaults()
	c := newCursor(r, size, lim.MetaBytes)
	f := &File{Size: size, Alignment: defaultAlignment, Shards: []Shard{{Size: size}}}
	f.Version = c.version()
	tensors := c.count("tensors", minTensorBytes, int64(lim.Tensors))
	keys := c.count("keys", minKeyBytes, int64(lim.Keys))
	f.readKeys(c, keys)
	f.readAlignment(c)
	f.readTensors(c, tensors)
	if c.err == nil {
		f.placeTensors(c)
	}
	if c.err != nil {
		return nil, c.err
	}
	return f, nil
}

// version checks magic and version.
func (c *cursor) version() uint32 {
	if m := c.take(len(magic), "the magic"); c.err == nil && string(m) != magic {
		c.fail(0, "starts with %q, not %q: no GGUF file", m, magic)
	}
	v := c.u32("the version")
	switch {
	case c.err != nil || v == 2 || v == 3:
	case v != 0 && v&0xffff == 0:
		c.fail(4, "a big-endian file; only little-endian ones are supported")
	case v == 1:
		c.fail(4, "version 1 of the format, which is no longer in use; convert the model again")
	default:
		c.fail(4, "version %d of the format, supported are 2 and 3", v)
	}
	return v
}

func (f *File) readKeys(c *cursor, n int) {
	f.values = make([]Value, 0, n)
	f.keys = make(map[string]int, n)
	for i := 0; i < n && c.err == nil; i++ {
		c.key = ""
		off := c.off
		key := c.name("a key", maxName)
		c.key = key
		if _, twice := f.keys[key]; twice {
			c.fail(off, "appears twice")
		}
		f.keys[key] = len(f.values)
		f.values = append(f.values, c.value(key))
	}
	c.key = ""
}

// readAlignment settles the one key that the layout of the file depends on,
// and proves the type of the one that everything else starts with.
func (f *File) readAlignment(c *cursor) {
	if v, ok := f.value("general.alignment"); ok && c.err == nil {
		c.key = v.Key
		a := v.num
		switch {
		case v.Kind != KindUint32:
			c.fail(v.Off, "is of kind %s, not %s", v.Kind, KindUint32)
		case bits.OnesCount64(a) != 1:
			c.fail(v.Off, "%d is not a power of two", a)
		case a < minAlignment || a > maxAlignment:
			c.fail(v.Off, "%d is outside %d to %d", a, minAlignment, maxAlignment)
		}
		f.Alignment = int64(a)
	}
	if v, ok := f.value("general.architecture"); ok && c.err == nil && v.Kind != KindString {
		c.key = v.Key
		c.fail(v.Off, "is of kind %s, not %s", v.Kind, KindString)
	}
	c.key = ""
}

func (f *File) readTensors(c *cursor, n int) {
	f.Tensors = make([]Tensor, 0, n)
	f.names = make(map[string]int, n)
	for i := 0; i < n && c.err == nil; i++ {
		c.tensor = ""
		off := c.off
		t := Tensor{Name: c.name("a tensor name", maxName), Dims: [maxDims]int64{1, 1, 1, 1}}
		c.tensor = t.Name
		if _, twice := f.names[t.Name]; twice {
			c.fail(off, "appears twice")
		}
		c.shape(&t)
		at := c.off
		if rel := c.u64("the offset"); rel > math.MaxInt64 {
			c.fail(at, "offset %d is past any file", rel)
		} else if int64(rel)%f.Alignment != 0 {
			c.fail(at, "offset %d is no multiple of the alignment %d", rel, f.Alignment)
		} else {
			t.Off = int64(rel) // from the start of the data, which is not known yet
		}
		f.names[t.Name] = len(f.Tensors)
		f.Tensors = append(f.Tensors, t)
	}
	c.tensor = ""
}

// shape reads dims and type and works out the tensor's length in bytes.
func (c *cursor) shape(t *Tensor) {
	off := c.off
	n := c.u32("the number of dimensions")
	if c.err == nil && (n < 1 || n > maxDims) {
		c.fail(off, "has %d dimensions, allowed are 1 to %d", n, maxDims)
		return
	}
	t.NDims = int(n)
	elements := int64(1)
	for i := range t.NDims {
		at := c.off
		d := c.u64("a dimension")
		if c.err != nil {
			return
		}
		if d == 0 {
			c.fail(at, "dimension %d is zero", i)
			return
		}
		hi, lo := bits.Mul64(uint64(elements), d)
		if hi != 0 || lo > math.MaxInt64 {
			c.fail(at, "has more values than a file can hold")
			return
		}
		elements, t.Dims[i] = int64(lo), int64(d)
	}
	at := c.off
	t.Type = Type(c.u32("the type"))
	switch {
	case c.err != nil:
		return
	case t.Type.Valid():
	case int64(t.Type) < int64(len(layouts)):
		c.fail(at, "type %s has been removed from the format; convert the model again", t.Type)
		return
	default:
		c.fail(at, "unknown %s", t.Type)
		return
	}
	if values, _ := t.Type.Block(); t.Dims[0]%int64(values) != 0 {
		c.fail(off, "rows of %d values do not divide into %s blocks of %d", t.Dims[0], t.Type, values)
		return
	}
	var ok bool
	if t.Len, ok = t.Type.Bytes(elements); !ok {
		c.fail(off, "takes more bytes than a file can hold")
	}
}

// placeTensors turns offsets into places in the file and proves that each
// lies inside it and apart from every other.
func (f *File) placeTensors(c *cursor) {
	if len(f.Tensors) == 0 {
		return
	}
	// No overflow: the cursor is inside the file and the alignment small.
	data := (c.off + f.Alignment - 1) &^ (f.Alignment - 1)
	for i := range f.Tensors {
		t := &f.Tensors[i]
		c.tensor = t.Name
		if room := c.size - data; t.Off > room || t.Len > room-t.Off {
			c.fail(-1, "%d bytes at offset %d, but the file has %d bytes of data; is it complete?",
				t.Len, t.Off, max(room, 0))
			return
		}
		t.Off += data
	}
	order := make([]*Tensor, len(f.Tensors))
	for i := range order {
		order[i] = &f.Tensors[i]
	}
	slices.SortFunc(order, func(a, b *Tensor) int { return cmp.Compare(a.Off, b.Off) })
	for i, t := range order[1:] {
		if before := order[i]; t.Off < before.Off+before.Len {
			c.tensor = t.Name
			c.fail(t.Off, "overlaps tensor %q", clip(before.Name))
			return
		}
	}
	c.tensor = ""
}

// printable reports whether s is UTF-8 without control characters; white
// lets tab, newline and carriage return pass.
func printable(s string, white bool) bool {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
		if unicode.IsControl(r) && !(white && (r == '\t' || r == '\n' || r == '\r')) {
			return false
		}
	}
	return true
}
