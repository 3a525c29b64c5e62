package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Kind is the kind of a metadata value, by its number in the file.
type Kind uint32

// The kinds of the format.
const (
	KindUint8 Kind = iota
	KindInt8
	KindUint16
	KindInt16
	KindUint32
	KindInt32
	KindFloat32
	KindBool
	KindString
	KindArray
	KindUint64
	KindInt64
	KindFloat64
)

// kinds holds the name and the bytes of each kind; a string or an array takes
// at least those of its length.
var kinds = [...]struct {
	name  string
	bytes int
}{
	KindUint8:   {"uint8", 1},
	KindInt8:    {"int8", 1},
	KindUint16:  {"uint16", 2},
	KindInt16:   {"int16", 2},
	KindUint32:  {"uint32", 4},
	KindInt32:   {"int32", 4},
	KindFloat32: {"float32", 4},
	KindBool:    {"bool", 1},
	KindString:  {"string", 8},
	KindArray:   {"array", 12},
	KindUint64:  {"uint64", 8},
	KindInt64:   {"int64", 8},
	KindFloat64: {"float64", 8},
}

// String is the kind's name, as Go calls it.
func (k Kind) String() string {
	if int64(k) < int64(len(kinds)) {
		return kinds[k].name
	}
	return fmt.Sprintf("kind %d", uint32(k))
}

func (k Kind) valid() bool { return int64(k) < int64(len(kinds)) }

// class folds the widths: which getters can read a value of this kind.
type class uint8

const (
	classInt class = iota
	classFloat
	classBool
	classString
	classArray
)

func (k Kind) class() class {
	switch k {
	case KindFloat32, KindFloat64:
		return classFloat
	case KindBool:
		return classBool
	case KindString:
		return classString
	case KindArray:
		return classArray
	}
	return classInt
}

// Value is one metadata entry.
type Value struct {
	Key  string
	Kind Kind
	Elem Kind  // of the items of an array
	Len  int   // items of an array, bytes of a string, else 1
	Off  int64 // of the value, from the start of its file

	num uint64 // a scalar's bits, integers sign-extended
	raw []byte // a string's bytes, or an array's items as they are in the file
}

// value reads the kind and value that follow a key.
func (c *cursor) value(key string) Value {
	v := Value{Key: key, Kind: Kind(c.u32("the kind")), Off: c.off, Len: 1}
	switch {
	case c.err != nil:
	case !v.Kind.valid():
		c.fail(c.off-4, "unknown %s", v.Kind)
	case v.Kind == KindArray:
		c.array(&v)
	case v.Kind == KindString:
		v.raw = c.str(nil, false)
		v.Len = len(v.raw)
		if c.err == nil && strings.HasPrefix(key, "general.") && !printable(string(v.raw), true) {
			c.fail(v.Off, "holds control characters or is not UTF-8")
		}
	default:
		if b := c.take(kinds[v.Kind].bytes, "the value"); b != nil {
			v.num = scalar(v.Kind, b)
			c.checkBools(v.Kind, b, v.Off)
		}
	}
	return v
}

// array reads element kind, count and items, kept as they are in the file.
func (c *cursor) array(v *Value) {
	v.Elem = Kind(c.u32("the element kind"))
	if c.err != nil {
		return
	}
	if !v.Elem.valid() || v.Elem == KindArray {
		c.fail(v.Off, "an array of %s", v.Elem)
		return
	}
	each := kinds[v.Elem].bytes
	v.Len = c.count("array items", each, math.MaxInt64)
	if v.Elem != KindString {
		at := c.off
		v.raw = c.append(nil, v.Len*each, "an array")
		c.checkBools(v.Elem, v.raw, at)
		return
	}
	for i := 0; i < v.Len && c.err == nil; i++ {
		v.raw = c.str(v.raw, true)
	}
}

// str appends a string's bytes to dst, behind its length when it is to be
// found again among others.
func (c *cursor) str(dst []byte, withLength bool) []byte {
	n := c.u64("the length of a string")
	if !c.need(n, "a string") {
		return dst
	}
	if withLength {
		dst = binary.LittleEndian.AppendUint64(dst, n)
	}
	return c.append(dst, int(n), "a string")
}

func (c *cursor) checkBools(k Kind, raw []byte, off int64) {
	if k != KindBool {
		return
	}
	for i, b := range raw {
		if b > 1 {
			c.fail(off+int64(i), "a bool of %d", b)
			return
		}
	}
}

// scalar returns the bits of the value at the start of b, integers widened to
// 64 bits with their sign.
func scalar(k Kind, b []byte) uint64 {
	switch k {
	case KindUint8, KindBool:
		return uint64(b[0])
	case KindInt8:
		return uint64(int8(b[0]))
	case KindUint16:
		return uint64(binary.LittleEndian.Uint16(b))
	case KindInt16:
		return uint64(int16(binary.LittleEndian.Uint16(b)))
	case KindUint32, KindFloat32:
		return uint64(binary.LittleEndian.Uint32(b))
	case KindInt32:
		return uint64(int32(binary.LittleEndian.Uint32(b)))
	}
	return binary.LittleEndian.Uint64(b)
}

// float interprets the bits of a float kind.
func float(k Kind, bits uint64) float64 {
	if k == KindFloat32 {
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

// item is the i-th item of an array of numbers or bools.
func (v Value) item(i int) uint64 {
	return scalar(v.Elem, v.raw[i*kinds[v.Elem].bytes:])
}

// text is a string's text: bytes that are not UTF-8 become U+FFFD.
func (v Value) text() string { return strings.ToValidUTF8(string(v.raw), "\uFFFD") }

// texts cuts the strings of an array out of one copy of them.
func (v Value) texts() []string {
	all := string(v.raw)
	s := make([]string, v.Len)
	at := 0
	for i := range s {
		n := int(binary.LittleEndian.Uint64(v.raw[at:])) // proven by Parse
		s[i] = all[at+8 : at+8+n]
		at += 8 + n
	}
	return s
}

// Any returns the value as uint64, int64, float64, bool, string or a slice of
// one of these.
func (v Value) Any() any {
	if v.Kind == KindString {
		return v.text()
	}
	if v.Kind != KindArray {
		return anyScalar(v.Kind, v.num)
	}
	switch v.Elem {
	case KindString:
		return v.texts()
	case KindBool:
		return items(v, func(bits uint64) bool { return bits != 0 })
	case KindFloat32, KindFloat64:
		return items(v, func(bits uint64) float64 { return float(v.Elem, bits) })
	case KindInt8, KindInt16, KindInt32, KindInt64:
		return items(v, func(bits uint64) int64 { return int64(bits) })
	}
	return items(v, func(bits uint64) uint64 { return bits })
}

// items converts every item of an array.
func items[T any](v Value, convert func(bits uint64) T) []T {
	s := make([]T, v.Len)
	for i := range s {
		s[i] = convert(v.item(i))
	}
	return s
}

func anyScalar(k Kind, bits uint64) any {
	switch k {
	case KindBool:
		return bits != 0
	case KindFloat32, KindFloat64:
		return float(k, bits)
	case KindInt8, KindInt16, KindInt32, KindInt64:
		return int64(bits)
	}
	return bits
}

// String is the value for people: a scalar or a string as it is, of an array
// its kind, its length and its first items.
func (v Value) String() string {
	switch v.Kind {
	case KindString:
		return v.text()
	case KindFloat32:
		return strconv.FormatFloat(float(v.Kind, v.num), 'g', -1, 32)
	case KindArray:
	default:
		return fmt.Sprint(anyScalar(v.Kind, v.num))
	}
	const shown = 6
	head := v
	head.Len = min(v.Len, shown)
	list := fmt.Sprint(head.Any())
	if v.Elem == KindString {
		list = fmt.Sprintf("%q", head.texts())
	}
	if v.Len > shown {
		list = strings.TrimSuffix(list, "]") + " …]"
	}
	return fmt.Sprintf("[%d]%s %s", v.Len, v.Elem, list)
}
