package gguf

import (
	"encoding/binary"
	"math"
)

// kind is the type of a metadata value, numbered as in the file.
type kind uint32

const (
	kindUint8 kind = iota
	kindInt8
	kindUint16
	kindInt16
	kindUint32
	kindInt32
	kindFloat32
	kindBool
	kindString
	kindArray
	kindUint64
	kindInt64
	kindFloat64
)

// kinds holds each kind's name and size; strings and arrays have no fixed one.
var kinds = [...]struct {
	name string
	size int
}{
	{"uint8", 1}, {"int8", 1}, {"uint16", 2}, {"int16", 2}, {"uint32", 4}, {"int32", 4},
	{"float32", 4}, {"bool", 1}, {"string", 0}, {"array", 0}, {"uint64", 8}, {"int64", 8}, {"float64", 8},
}

func (k kind) valid() bool    { return int64(k) < int64(len(kinds)) }
func (k kind) String() string { return kinds[k].name }
func (k kind) float() bool    { return k == kindFloat32 || k == kindFloat64 }

func (k kind) signed() bool {
	return k == kindInt8 || k == kindInt16 || k == kindInt32 || k == kindInt64
}

func (k kind) integer() bool {
	return k.valid() && kinds[k].size > 0 && !k.float() && k != kindBool
}

// decode widens a little-endian scalar to 64 bits, with its sign.
func (k kind) decode(b []byte) uint64 {
	switch k {
	case kindInt8:
		return uint64(int64(int8(b[0])))
	case kindInt16:
		return uint64(int64(int16(binary.LittleEndian.Uint16(b))))
	case kindInt32:
		return uint64(int64(int32(binary.LittleEndian.Uint32(b))))
	}
	switch kinds[k].size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

// asFloat is the number that the bits of a decoded scalar stand for.
func (k kind) asFloat(bits uint64) float64 {
	switch {
	case k == kindFloat32:
		return float64(math.Float32frombits(uint32(bits)))
	case k == kindFloat64:
		return math.Float64frombits(bits)
	case k.signed():
		return float64(int64(bits))
	}
	return float64(bits)
}

func (a *array) bits(i int) uint64 {
	size := kinds[a.kind].size
	return a.kind.decode(a.raw[i*size:])
}

func (f *File) arrayOf(key, what string, ok func(kind) bool) (*Value, error) {
	v, err := f.value(key)
	if err != nil {
		return nil, err
	}
	if v.kind != kindArray {
		return nil, v.errorf("%s where an array of %s belongs", v.kind, what)
	}
	if !ok(v.array.kind) {
		return nil, v.errorf("an array of %s where one of %s belongs", v.array.kind, what)
	}
	return v, nil
}

// Strings returns an array of strings. The caller must not change it.
func (f *File) Strings(key string) ([]string, error) {
	v, err := f.arrayOf(key, "strings", func(k kind) bool { return k == kindString })
	if err != nil {
		return nil, err
	}
	return v.array.strings, nil
}

// Ints returns an array of integers of any width.
func (f *File) Ints(key string) ([]int64, error) {
	v, err := f.arrayOf(key, "integers", kind.integer)
	if err != nil {
		return nil, err
	}
	out := make([]int64, v.array.n)
	for i := range out {
		out[i] = int64(v.array.bits(i))
		if out[i] < 0 && !v.array.kind.signed() {
			return nil, v.errorf("element %d does not fit 63 bits", i)
		}
	}
	return out, nil
}

// Floats returns an array of numbers.
func (f *File) Floats(key string) ([]float32, error) {
	v, err := f.arrayOf(key, "numbers", func(k kind) bool { return k.float() || k.integer() })
	if err != nil {
		return nil, err
	}
	out := make([]float32, v.array.n)
	for i := range out {
		out[i] = float32(v.array.kind.asFloat(v.array.bits(i)))
	}
	return out, nil
}

// Bools returns an array of booleans.
func (f *File) Bools(key string) ([]bool, error) {
	v, err := f.arrayOf(key, "booleans", func(k kind) bool { return k == kindBool })
	if err != nil {
		return nil, err
	}
	out := make([]bool, v.array.n)
	for i := range out {
		out[i] = v.array.bits(i) != 0
	}
	return out, nil
}
