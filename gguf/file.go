package gguf

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
)

// ErrMissing marks a key or tensor that the file does not have.
var ErrMissing = errors.New("missing")

// FormatError says where a file breaks the format and how.
type FormatError struct {
	Off int64  // byte offset in the file
	Key string // the key or tensor at fault; may be empty
	Why string
}

func (e *FormatError) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("gguf: at 0x%x: %s", e.Off, e.Why)
	}
	return fmt.Sprintf("gguf: %s at 0x%x: %s", e.Key, e.Off, e.Why)
}

// Tensor is a row of the tensor table. Every field was proven by Parse: the
// type is known, no dimension is zero, and the bytes lie inside the shard,
// aligned, and overlap no other tensor's.
type Tensor struct {
	Name  string
	Type  Type
	Dims  [4]int64 // Dims[0] is the length of a row; unused ones are 1
	NDims int
	Shard int   // index into File.Shards
	Off   int64 // from the start of the shard
	Len   int64 // bytes
}

// Elements is the number of values.
func (t Tensor) Elements() int64 { return t.Dims[0] * t.Rows() }

// Rows is the number of rows of Dims[0] values.
func (t Tensor) Rows() int64 { return t.Dims[1] * t.Dims[2] * t.Dims[3] }

// Shard is one file of a model.
type Shard struct {
	Path string // as given to Open; empty after Parse
	Size int64
}

// File holds the proven facts of a model's header. It is immutable.
type File struct {
	Version   uint32
	Alignment int64
	Tensors   []Tensor // in file order, shard by shard
	Shards    []Shard
	Size      int64 // bytes of all shards

	values []Value
	byKey  map[string]int
	byName map[string]int
}

// Value is one metadata pair.
type Value struct {
	Key   string
	Off   int64 // of the pair in its file
	kind  kind
	num   uint64 // bits of a scalar
	str   string // a string
	array array
}

// array keeps an array's elements in one piece, as they are used: strings as
// strings, numbers as raw bits.
type array struct {
	kind    kind
	n       int
	strings []string
	raw     []byte
}

// Keys yields the metadata in file order.
func (f *File) Keys() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for _, v := range f.values {
			if !yield(v) {
				return
			}
		}
	}
}

// maxShown is how many elements of an array String writes.
const maxShown = 8

// String writes the value for a person; long arrays are cut.
func (v Value) String() string {
	switch {
	case v.kind == kindString:
		return strconv.Quote(v.str)
	case v.kind != kindArray:
		return scalar(v.kind, v.num)
	}
	s := "["
	for i := range min(v.array.n, maxShown) {
		if i > 0 {
			s += " "
		}
		if v.array.kind == kindString {
			s += strconv.Quote(v.array.strings[i])
		} else {
			s += scalar(v.array.kind, v.array.bits(i))
		}
	}
	if v.array.n > maxShown {
		s += fmt.Sprintf(" … %d in all", v.array.n)
	}
	return s + "]"
}

func scalar(k kind, bits uint64) string {
	switch {
	case k == kindBool:
		return strconv.FormatBool(bits != 0)
	case k.float():
		return strconv.FormatFloat(k.asFloat(bits), 'g', -1, 32)
	case k.signed():
		return strconv.FormatInt(int64(bits), 10)
	}
	return strconv.FormatUint(bits, 10)
}

// Architecture returns general.architecture, or "".
func (f *File) Architecture() string {
	s, _ := f.String("general.architecture")
	return s
}

// Has reports whether the file has the key.
func (f *File) Has(key string) bool {
	_, ok := f.byKey[key]
	return ok
}

func (f *File) value(key string) (*Value, error) {
	i, ok := f.byKey[key]
	if !ok {
		return nil, fmt.Errorf("gguf: key %q: %w", key, ErrMissing)
	}
	return &f.values[i], nil
}

func (v *Value) errorf(format string, args ...any) error {
	return &FormatError{Off: v.Off, Key: fmt.Sprintf("key %q", v.Key), Why: fmt.Sprintf(format, args...)}
}

// Uint returns an integer of any width in [lo, hi].
func (f *File) Uint(key string, lo, hi uint64) (uint64, error) {
	v, err := f.value(key)
	if err != nil {
		return 0, err
	}
	if !v.kind.integer() {
		return 0, v.errorf("%s where an integer belongs", v.kind)
	}
	if v.kind.signed() && int64(v.num) < 0 {
		return 0, v.errorf("%d is negative", int64(v.num))
	}
	if v.num < lo || v.num > hi {
		return 0, v.errorf("%d is outside %d..%d", v.num, lo, hi)
	}
	return v.num, nil
}

// Int returns an integer of any width in [lo, hi].
func (f *File) Int(key string, lo, hi int64) (int64, error) {
	v, err := f.value(key)
	if err != nil {
		return 0, err
	}
	if !v.kind.integer() {
		return 0, v.errorf("%s where an integer belongs", v.kind)
	}
	x := int64(v.num)
	if !v.kind.signed() && x < 0 || x < lo || x > hi {
		return 0, v.errorf("%s is outside %d..%d", scalar(v.kind, v.num), lo, hi)
	}
	return x, nil
}

// Float returns a number in [lo, hi]; NaN is outside every range.
func (f *File) Float(key string, lo, hi float64) (float64, error) {
	v, err := f.value(key)
	if err != nil {
		return 0, err
	}
	if !v.kind.integer() && !v.kind.float() {
		return 0, v.errorf("%s where a number belongs", v.kind)
	}
	x := v.kind.asFloat(v.num)
	if !(x >= lo && x <= hi) {
		return 0, v.errorf("%g is outside %g..%g", x, lo, hi)
	}
	return x, nil
}

// Bool returns a boolean.
func (f *File) Bool(key string) (bool, error) {
	v, err := f.value(key)
	if err != nil {
		return false, err
	}
	if v.kind != kindBool {
		return false, v.errorf("%s where a boolean belongs", v.kind)
	}
	return v.num != 0, nil
}

// String returns a string. It is valid UTF-8.
func (f *File) String(key string) (string, error) {
	v, err := f.value(key)
	if err != nil {
		return "", err
	}
	if v.kind != kindString {
		return "", v.errorf("%s where a string belongs", v.kind)
	}
	return v.str, nil
}

// UintOr is Uint with a value for a missing key.
func (f *File) UintOr(key string, def, lo, hi uint64) (uint64, error) {
	if !f.Has(key) {
		return def, nil
	}
	return f.Uint(key, lo, hi)
}

// FloatOr is Float with a value for a missing key.
func (f *File) FloatOr(key string, def, lo, hi float64) (float64, error) {
	if !f.Has(key) {
		return def, nil
	}
	return f.Float(key, lo, hi)
}

// BoolOr is Bool with a value for a missing key.
func (f *File) BoolOr(key string, def bool) (bool, error) {
	if !f.Has(key) {
		return def, nil
	}
	return f.Bool(key)
}

// StringOr is String with a value for a missing key.
func (f *File) StringOr(key, def string) (string, error) {
	if !f.Has(key) {
		return def, nil
	}
	return f.String(key)
}

// FindTensor returns the tensor of that name.
func (f *File) FindTensor(name string) (Tensor, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Tensor{}, false
	}
	return f.Tensors[i], true
}

// Tensor returns the tensor of that name and proves that it has the shape the
// caller expects; dimensions not named must be 1.
func (f *File) Tensor(name string, dims ...int64) (Tensor, error) {
	t, ok := f.FindTensor(name)
	if !ok {
		return Tensor{}, fmt.Errorf("gguf: tensor %q: %w", name, ErrMissing)
	}
	want := [4]int64{1, 1, 1, 1}
	copy(want[:], dims)
	if t.Dims != want {
		return Tensor{}, fmt.Errorf("gguf: tensor %q has shape %v, expected %v", name, t.Dims[:t.NDims], dims)
	}
	return t, nil
}
