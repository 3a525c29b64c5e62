package gguf

import (
	"errors"
	"fmt"
	"math"
)

// Has reports whether the file has the key.
func (f *File) Has(key string) bool {
	_, ok := f.keys[key]
	return ok
}

// Keys returns all metadata in the order of the file. The slice is the
// caller's.
func (f *File) Keys() []Value { return append([]Value(nil), f.values...) }

func (f *File) value(key string) (*Value, bool) {
	i, ok := f.keys[key]
	if !ok {
		return nil, false
	}
	return &f.values[i], true
}

// scalar finds a key and proves its class.
func (f *File) scalar(key string, want class) (*Value, error) {
	v, ok := f.value(key)
	if !ok {
		return nil, fmt.Errorf("gguf: key %q: %w", key, ErrMissing)
	}
	if v.Kind.class() != want {
		return nil, v.errorf("is of kind %s, not %s", v.describe(), want)
	}
	return v, nil
}

// array finds a key and proves that it is an array of a class.
func (f *File) array(key string, want class) (*Value, error) {
	v, err := f.scalar(key, classArray)
	if err == nil && v.Elem.class() != want {
		err = v.errorf("is of kind %s, not an array of %s", v.describe(), want)
	}
	return v, err
}

func (v *Value) errorf(format string, args ...any) error {
	return &FormatError{Off: v.Off, Key: v.Key, Why: fmt.Sprintf(format, args...)}
}

func (v *Value) describe() string {
	if v.Kind == KindArray {
		return "array of " + v.Elem.String()
	}
	return v.Kind.String()
}

func (c class) String() string {
	return [...]string{"integer", "float", "bool", "string", "array"}[c]
}

func signed(k Kind) bool {
	return k == KindInt8 || k == KindInt16 || k == KindInt32 || k == KindInt64
}

// Uint reads an integer of any width that must lie in min..max. The error of
// this and of the other getters matches ErrMissing when the file lacks the
// key, and is a *FormatError when the value is of another kind or out of
// range.
func (f *File) Uint(key string, min, max uint64) (uint64, error) {
	v, err := f.scalar(key, classInt)
	if err != nil {
		return 0, err
	}
	if signed(v.Kind) && int64(v.num) < 0 || v.num < min || v.num > max {
		return 0, v.errorf("%v is outside %d to %d", anyScalar(v.Kind, v.num), min, max)
	}
	return v.num, nil
}

// Int reads an integer of any width that must lie in min..max.
func (f *File) Int(key string, min, max int64) (int64, error) {
	v, err := f.scalar(key, classInt)
	if err != nil {
		return 0, err
	}
	if n := int64(v.num); !signed(v.Kind) && v.num > math.MaxInt64 || n < min || n > max {
		return 0, v.errorf("%v is outside %d to %d", anyScalar(v.Kind, v.num), min, max)
	}
	return int64(v.num), nil
}

// Float reads a float32 or float64 that must lie in min..max; NaN never does.
func (f *File) Float(key string, min, max float64) (float64, error) {
	v, err := f.scalar(key, classFloat)
	if err != nil {
		return 0, err
	}
	x := float(v.Kind, v.num)
	if !(x >= min && x <= max) {
		return 0, v.errorf("%g is outside %g to %g", x, min, max)
	}
	return x, nil
}

// Bool reads a bool.
func (f *File) Bool(key string) (bool, error) {
	v, err := f.scalar(key, classBool)
	if err != nil {
		return false, err
	}
	return v.num != 0, nil
}

// String reads a string. It is UTF-8, and that of a key that starts with
// "general." has no control characters but white space.
func (f *File) String(key string) (string, error) {
	v, err := f.scalar(key, classString)
	if err != nil {
		return "", err
	}
	return v.text(), nil
}

// orDefault gives def in place of a missing key.
func orDefault[T any](v, def T, err error) (T, error) {
	if errors.Is(err, ErrMissing) {
		return def, nil
	}
	return v, err
}

// UintOr is Uint with a default for a missing key.
func (f *File) UintOr(key string, def, min, max uint64) (uint64, error) {
	v, err := f.Uint(key, min, max)
	return orDefault(v, def, err)
}

// IntOr is Int with a default for a missing key.
func (f *File) IntOr(key string, def, min, max int64) (int64, error) {
	v, err := f.Int(key, min, max)
	return orDefault(v, def, err)
}

// FloatOr is Float with a default for a missing key.
func (f *File) FloatOr(key string, def, min, max float64) (float64, error) {
	v, err := f.Float(key, min, max)
	return orDefault(v, def, err)
}

// BoolOr is Bool with a default for a missing key.
func (f *File) BoolOr(key string, def bool) (bool, error) {
	v, err := f.Bool(key)
	return orDefault(v, def, err)
}

// StringOr is String with a default for a missing key.
func (f *File) StringOr(key, def string) (string, error) {
	v, err := f.String(key)
	return orDefault(v, def, err)
}

// Strings reads an array of strings, byte for byte: vocabularies hold pieces
// that are no UTF-8 on their own.
func (f *File) Strings(key string) ([]string, error) {
	v, err := f.array(key, classString)
	if err != nil {
		return nil, err
	}
	return v.texts(), nil
}

// Floats reads an array of float32 or float64. The values may be NaN or
// infinite.
func (f *File) Floats(key string) ([]float32, error) {
	v, err := f.array(key, classFloat)
	if err != nil {
		return nil, err
	}
	return items(*v, func(bits uint64) float32 { return float32(float(v.Elem, bits)) }), nil
}

// Ints reads an array of integers of any width. One that does not fit an
// int64 is an error.
func (f *File) Ints(key string) ([]int64, error) {
	v, err := f.array(key, classInt)
	if err != nil {
		return nil, err
	}
	out := items(*v, func(bits uint64) int64 { return int64(bits) })
	if v.Elem == KindUint64 {
		for i, n := range out {
			if n < 0 {
				return nil, v.errorf("item %d, %d, is out of range", i, uint64(n))
			}
		}
	}
	return out, nil
}

// Bools reads an array of bools.
func (f *File) Bools(key string) ([]bool, error) {
	v, err := f.array(key, classBool)
	if err != nil {
		return nil, err
	}
	return items(*v, func(bits uint64) bool { return bits != 0 }), nil
}
