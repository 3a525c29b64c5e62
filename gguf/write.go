package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Writer writes a GGUF file of version 3: metadata with Set, the tensor table
// with Add, then Begin, the bytes of the tensors in the order of Add through
// Write, and Close.
type Writer struct {
	w       io.Writer
	pairs   int
	meta    []byte
	table   []byte
	lens    []int64
	begun   bool
	next    int   // tensor being written
	written int64 // of it
	off     int64 // relative to the data
	err     error
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

func (w *Writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("gguf: "+format, args...)
	}
}

// Set adds a metadata pair. The value is a bool, string, one of the sized
// integers or floats, or a slice of one of them (not of uint64 or int64).
// Errors appear at Begin.
func (w *Writer) Set(key string, value any) {
	w.meta = appendString(w.meta, key)
	switch v := value.(type) {
	case []string:
		w.meta = appendArray(w.meta, kindString, len(v))
		for _, s := range v {
			w.meta = appendString(w.meta, s)
		}
	case []float32:
		w.meta = appendArray(w.meta, kindFloat32, len(v))
		for _, x := range v {
			w.meta = binary.LittleEndian.AppendUint32(w.meta, math.Float32bits(x))
		}
	case []int32:
		w.meta = appendArray(w.meta, kindInt32, len(v))
		for _, x := range v {
			w.meta = binary.LittleEndian.AppendUint32(w.meta, uint32(x))
		}
	case []uint32:
		w.meta = appendArray(w.meta, kindUint32, len(v))
		for _, x := range v {
			w.meta = binary.LittleEndian.AppendUint32(w.meta, x)
		}
	case []uint8:
		w.meta = append(appendArray(w.meta, kindUint8, len(v)), v...)
	case []bool:
		w.meta = appendArray(w.meta, kindBool, len(v))
		for _, x := range v {
			w.meta = append(w.meta, bit(x))
		}
	default:
		w.scalar(key, value)
	}
	w.pairs++
}

func (w *Writer) scalar(key string, value any) {
	le := binary.LittleEndian
	put := func(k kind) { w.meta = le.AppendUint32(w.meta, uint32(k)) }
	switch v := value.(type) {
	case string:
		put(kindString)
		w.meta = appendString(w.meta, v)
	case bool:
		put(kindBool)
		w.meta = append(w.meta, bit(v))
	case uint8:
		put(kindUint8)
		w.meta = append(w.meta, v)
	case int8:
		put(kindInt8)
		w.meta = append(w.meta, uint8(v))
	case uint16:
		put(kindUint16)
		w.meta = le.AppendUint16(w.meta, v)
	case int16:
		put(kindInt16)
		w.meta = le.AppendUint16(w.meta, uint16(v))
	case uint32:
		put(kindUint32)
		w.meta = le.AppendUint32(w.meta, v)
	case int32:
		put(kindInt32)
		w.meta = le.AppendUint32(w.meta, uint32(v))
	case uint64:
		put(kindUint64)
		w.meta = le.AppendUint64(w.meta, v)
	case int64:
		put(kindInt64)
		w.meta = le.AppendUint64(w.meta, uint64(v))
	case float32:
		put(kindFloat32)
		w.meta = le.AppendUint32(w.meta, math.Float32bits(v))
	case float64:
		put(kindFloat64)
		w.meta = le.AppendUint64(w.meta, math.Float64bits(v))
	default:
		w.fail("key %q: a %T has no place in the format", key, value)
	}
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

func appendArray(b []byte, k kind, n int) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(kindArray))
	b = binary.LittleEndian.AppendUint32(b, uint32(k))
	return binary.LittleEndian.AppendUint64(b, uint64(n))
}

// Add adds a tensor to the table; dims[0] is the length of a row.
func (w *Writer) Add(name string, t Type, dims ...int64) {
	n := int64(1)
	w.table = appendString(w.table, name)
	w.table = binary.LittleEndian.AppendUint32(w.table, uint32(len(dims)))
	for _, d := range dims {
		n *= d
		w.table = binary.LittleEndian.AppendUint64(w.table, uint64(d))
	}
	size, ok := t.Bytes(n)
	if values, _ := t.Block(); !ok || len(dims) == 0 || dims[0]%int64(values) != 0 {
		w.fail("tensor %q: shape %v of %s is not whole blocks", name, dims, t)
	}
	w.table = binary.LittleEndian.AppendUint32(w.table, uint32(t))
	w.table = binary.LittleEndian.AppendUint64(w.table, uint64(w.off))
	w.lens = append(w.lens, size)
	w.off += pad(size)
}

func pad(n int64) int64 { return (n + defaultAlignment - 1) &^ (defaultAlignment - 1) }

// Begin writes the header.
func (w *Writer) Begin() error {
	head := binary.LittleEndian.AppendUint32([]byte("GGUF"), maxVersion)
	head = binary.LittleEndian.AppendUint64(head, uint64(len(w.lens)))
	head = binary.LittleEndian.AppendUint64(head, uint64(w.pairs))
	n := int64(len(head) + len(w.meta) + len(w.table))
	w.begun = true
	for _, b := range [][]byte{head, w.meta, w.table, make([]byte, pad(n)-n)} {
		w.write(b)
	}
	return w.err
}

func (w *Writer) write(b []byte) {
	if w.err == nil {
		_, w.err = w.w.Write(b)
	}
}

// Write writes bytes of the tensor in turn. It pads where a tensor ends; a
// write must not cross from one tensor into the next.
func (w *Writer) Write(b []byte) (int, error) {
	switch {
	case !w.begun:
		w.fail("Write before Begin")
	case w.next == len(w.lens):
		w.fail("%d bytes after the last tensor", len(b))
	case w.written+int64(len(b)) > w.lens[w.next]:
		w.fail("tensor %d takes %d bytes, not %d", w.next, w.lens[w.next], w.written+int64(len(b)))
	}
	w.write(b)
	if w.err != nil {
		return 0, w.err
	}
	if w.written += int64(len(b)); w.written == w.lens[w.next] {
		w.write(make([]byte, pad(w.written)-w.written))
		w.next, w.written = w.next+1, 0
	}
	return len(b), w.err
}

// Close reports whether the file is whole. It does not close the underlying
// writer.
func (w *Writer) Close() error {
	if w.err == nil && (!w.begun || w.next < len(w.lens)) {
		w.err = errors.New("gguf: the file is not complete: tensors are missing")
	}
	return w.err
}
