package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Writer writes a file of version 3: keys with Set, the tensor table with
// Add, then Begin, the bytes of the tensors with Write in the order of Add,
// and Close. An error sticks and shows at the next call that returns one.
type Writer struct {
	w         io.Writer
	alignment int64
	keys      map[string]bool
	meta      []byte // the keys as they go into the file
	table     []byte // the tensor table, likewise
	names     map[string]bool
	lens      []int64
	data      int64 // bytes of the tensors added so far, padded
	begun     bool
	next      int   // the tensor being written
	done      int64 // bytes of it that are
	err       error
}

// NewWriter returns a Writer onto w. It makes few and large writes as long as
// its caller does.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: w, alignment: defaultAlignment, keys: map[string]bool{}, names: map[string]bool{}}
}

func (w *Writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("gguf: "+format, args...)
	}
}

// Set adds a key. The value is an integer or float of a fixed width, a bool,
// a string, or a slice of one of these. "general.alignment" takes effect for
// the tensors, so it must come before the first Add.
func (w *Writer) Set(key string, value any) {
	if w.begun {
		w.fail("key %q set after Begin", key)
	}
	if w.keys[key] {
		w.fail("key %q set twice", key)
	}
	w.keys[key] = true
	if key == "general.alignment" {
		a, ok := value.(uint32)
		if !ok || a < minAlignment || a > maxAlignment || a&(a-1) != 0 || len(w.lens) > 0 {
			w.fail("key %q cannot be set to %v here", key, value)
		}
		w.alignment = int64(max(a, minAlignment))
	}
	w.meta = appendString(w.meta, key)
	var ok bool
	if w.meta, ok = appendValue(w.meta, value); !ok {
		w.fail("key %q: a %T has no place in the format", key, value)
	}
}

// Add adds a tensor to the table. dims[0] is the row length.
func (w *Writer) Add(name string, t Type, dims ...int64) {
	n := int64(1)
	w.table = appendString(w.table, name)
	w.table = binary.LittleEndian.AppendUint32(w.table, uint32(len(dims)))
	for _, d := range dims {
		n *= d
		w.table = binary.LittleEndian.AppendUint64(w.table, uint64(d))
	}
	values, _ := t.Block()
	size, ok := t.Bytes(n)
	switch {
	case w.begun:
		w.fail("tensor %q added after Begin", name)
	case w.names[name]:
		w.fail("tensor %q added twice", name)
	case !ok || len(dims) < 1 || len(dims) > maxDims || dims[0]%int64(values) != 0:
		w.fail("tensor %q: a shape of %v is no whole number of %s blocks", name, dims, t)
	}
	w.names[name] = true
	w.table = binary.LittleEndian.AppendUint32(w.table, uint32(t))
	w.table = binary.LittleEndian.AppendUint64(w.table, uint64(w.data))
	w.lens = append(w.lens, size)
	w.data += size + w.padding(size)
}

// padding is what brings n to a multiple of the alignment.
func (w *Writer) padding(n int64) int64 { return -n & (w.alignment - 1) }

// Begin writes the header; after it the table is fixed.
func (w *Writer) Begin() error {
	if w.begun {
		w.fail("Begin called twice")
	}
	w.begun = true
	b := append([]byte(magic), 3, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(w.lens)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(w.keys)))
	b = append(append(b, w.meta...), w.table...)
	if len(w.lens) > 0 {
		b = append(b, make([]byte, w.padding(int64(len(b))))...)
	}
	w.meta, w.table = nil, nil
	w.put(b)
	return w.err
}

func (w *Writer) put(p []byte) {
	if w.err == nil && len(p) > 0 {
		_, w.err = w.w.Write(p)
	}
}

// Write writes tensor data: the tensors in the order of Add, each in as many
// calls as convenient. A call may not reach into the next tensor. Padding is
// added where a tensor ends.
func (w *Writer) Write(p []byte) (int, error) {
	switch {
	case !w.begun:
		w.fail("Write before Begin")
	case w.next == len(w.lens):
		w.fail("%d bytes after the last tensor", len(p))
	case int64(len(p)) > w.lens[w.next]-w.done:
		w.fail("%d bytes for tensor %d, which lacks %d", len(p), w.next, w.lens[w.next]-w.done)
	}
	w.put(p)
	if w.err != nil {
		return 0, w.err
	}
	if w.done += int64(len(p)); w.done == w.lens[w.next] {
		w.put(make([]byte, w.padding(w.done)))
		w.next, w.done = w.next+1, 0
	}
	return len(p), w.err
}

// Close reports whether the file is whole. It does not close the writer
// below.
func (w *Writer) Close() error {
	if w.err == nil && (!w.begun || w.next < len(w.lens)) {
		w.err = errors.New("gguf: closed before all tensors were written")
	}
	return w.err
}

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

// appendValue appends kind and value; it is false for what the format cannot
// hold.
func appendValue(b []byte, value any) ([]byte, bool) {
	switch v := value.(type) {
	case []string:
		return appendArray(b, KindString, v, appendString), true
	case []bool:
		return appendArray(b, KindBool, v, appendBool), true
	case []uint8:
		return appendArray(b, KindUint8, v, func(b []byte, x uint8) []byte { return append(b, x) }), true
	case []int8:
		return appendArray(b, KindInt8, v, func(b []byte, x int8) []byte { return append(b, byte(x)) }), true
	case []uint16:
		return appendArray(b, KindUint16, v, binary.LittleEndian.AppendUint16), true
	case []int16:
		return appendArray(b, KindInt16, v, append16), true
	case []uint32:
		return appendArray(b, KindUint32, v, binary.LittleEndian.AppendUint32), true
	case []int32:
		return appendArray(b, KindInt32, v, append32), true
	case []uint64:
		return appendArray(b, KindUint64, v, binary.LittleEndian.AppendUint64), true
	case []int64:
		return appendArray(b, KindInt64, v, append64), true
	case []float32:
		return appendArray(b, KindFloat32, v, appendFloat32), true
	case []float64:
		return appendArray(b, KindFloat64, v, appendFloat64), true
	}
	return appendScalar(b, value)
}

func appendScalar(b []byte, value any) ([]byte, bool) {
	switch v := value.(type) {
	case string:
		return appendString(appendKind(b, KindString), v), true
	case bool:
		return appendBool(appendKind(b, KindBool), v), true
	case uint8:
		return append(appendKind(b, KindUint8), v), true
	case int8:
		return append(appendKind(b, KindInt8), byte(v)), true
	case uint16:
		return binary.LittleEndian.AppendUint16(appendKind(b, KindUint16), v), true
	case int16:
		return append16(appendKind(b, KindInt16), v), true
	case uint32:
		return binary.LittleEndian.AppendUint32(appendKind(b, KindUint32), v), true
	case int32:
		return append32(appendKind(b, KindInt32), v), true
	case uint64:
		return binary.LittleEndian.AppendUint64(appendKind(b, KindUint64), v), true
	case int64:
		return append64(appendKind(b, KindInt64), v), true
	case float32:
		return appendFloat32(appendKind(b, KindFloat32), v), true
	case float64:
		return appendFloat64(appendKind(b, KindFloat64), v), true
	}
	return b, false
}

func appendKind(b []byte, k Kind) []byte { return binary.LittleEndian.AppendUint32(b, uint32(k)) }

func appendArray[T any](b []byte, k Kind, items []T, item func([]byte, T) []byte) []byte {
	b = appendKind(appendKind(b, KindArray), k)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(items)))
	for _, x := range items {
		b = item(b, x)
	}
	return b
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func append16(b []byte, v int16) []byte { return binary.LittleEndian.AppendUint16(b, uint16(v)) }
func append32(b []byte, v int32) []byte { return binary.LittleEndian.AppendUint32(b, uint32(v)) }
func append64(b []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(v)) }

func appendFloat32(b []byte, v float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
}

func appendFloat64(b []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
}
