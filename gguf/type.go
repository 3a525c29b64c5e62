package gguf

import (
	"fmt"
	"math/bits"
	"strings"
)

// Type is the storage format of a tensor, numbered as in the file.
type Type uint32

// The tensor types. Numbers 4, 5, 31 to 33 and 36 to 38 belonged to formats
// that were withdrawn; files that use them are refused.
const (
	F32     Type = 0
	F16     Type = 1
	Q4_0    Type = 2
	Q4_1    Type = 3
	Q5_0    Type = 6
	Q5_1    Type = 7
	Q8_0    Type = 8
	Q8_1    Type = 9
	Q2_K    Type = 10
	Q3_K    Type = 11
	Q4_K    Type = 12
	Q5_K    Type = 13
	Q6_K    Type = 14
	Q8_K    Type = 15
	IQ2_XXS Type = 16
	IQ2_XS  Type = 17
	IQ3_XXS Type = 18
	IQ1_S   Type = 19
	IQ4_NL  Type = 20
	IQ3_S   Type = 21
	IQ2_S   Type = 22
	IQ4_XS  Type = 23
	I8      Type = 24
	I16     Type = 25
	I32     Type = 26
	I64     Type = 27
	F64     Type = 28
	IQ1_M   Type = 29
	BF16    Type = 30
	TQ1_0   Type = 34
	TQ2_0   Type = 35
	MXFP4   Type = 39
	NVFP4   Type = 40
)

// geometry is a type's name, the values of a block and its bytes.
type geometry struct {
	name          string
	values, bytes int
}

// Blocks of legacy types hold 32 values, super-blocks of the K, IQ and T
// types 256. The sums spell out the fields.
var geometries = [...]geometry{
	F32:     {"F32", 1, 4},
	F16:     {"F16", 1, 2},
	Q4_0:    {"Q4_0", 32, 2 + 16},
	Q4_1:    {"Q4_1", 32, 2 + 2 + 16},
	Q5_0:    {"Q5_0", 32, 2 + 4 + 16},
	Q5_1:    {"Q5_1", 32, 2 + 2 + 4 + 16},
	Q8_0:    {"Q8_0", 32, 2 + 32},
	Q8_1:    {"Q8_1", 32, 2 + 2 + 32},
	Q2_K:    {"Q2_K", 256, 16 + 64 + 2 + 2},
	Q3_K:    {"Q3_K", 256, 32 + 64 + 12 + 2},
	Q4_K:    {"Q4_K", 256, 2 + 2 + 12 + 128},
	Q5_K:    {"Q5_K", 256, 2 + 2 + 12 + 32 + 128},
	Q6_K:    {"Q6_K", 256, 128 + 64 + 16 + 2},
	Q8_K:    {"Q8_K", 256, 4 + 256 + 32},
	IQ2_XXS: {"IQ2_XXS", 256, 2 + 64},
	IQ2_XS:  {"IQ2_XS", 256, 2 + 64 + 8},
	IQ3_XXS: {"IQ3_XXS", 256, 2 + 96},
	IQ1_S:   {"IQ1_S", 256, 2 + 32 + 16},
	IQ4_NL:  {"IQ4_NL", 32, 2 + 16},
	IQ3_S:   {"IQ3_S", 256, 2 + 64 + 8 + 32 + 4},
	IQ2_S:   {"IQ2_S", 256, 2 + 64 + 8 + 8},
	IQ4_XS:  {"IQ4_XS", 256, 2 + 2 + 4 + 128},
	I8:      {"I8", 1, 1},
	I16:     {"I16", 1, 2},
	I32:     {"I32", 1, 4},
	I64:     {"I64", 1, 8},
	F64:     {"F64", 1, 8},
	IQ1_M:   {"IQ1_M", 256, 32 + 16 + 8},
	BF16:    {"BF16", 1, 2},
	TQ1_0:   {"TQ1_0", 256, 48 + 4 + 2},
	TQ2_0:   {"TQ2_0", 256, 64 + 2},
	MXFP4:   {"MXFP4", 32, 1 + 16},
	NVFP4:   {"NVFP4", 64, 4 + 32},
}

// withdrawn names the numbers that files may no longer use.
var withdrawn = map[Type]string{
	4: "Q4_2", 5: "Q4_3", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8",
	36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8",
}

// Valid reports whether t is a known type.
func (t Type) Valid() bool { return int64(t) < int64(len(geometries)) && geometries[t].values > 0 }

// String returns the type's name, or its number when it has none.
func (t Type) String() string {
	if t.Valid() {
		return geometries[t].name
	}
	if name, ok := withdrawn[t]; ok {
		return name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// ParseType is the inverse of String, in either case.
func ParseType(s string) (Type, bool) {
	for t, g := range geometries {
		if g.values > 0 && strings.EqualFold(g.name, s) {
			return Type(t), true
		}
	}
	return 0, false
}

// Block returns how many values a block holds and its size in bytes; 0, 0 for
// an unknown type.
func (t Type) Block() (values, bytes int) {
	if !t.Valid() {
		return 0, 0
	}
	return geometries[t].values, geometries[t].bytes
}

// Bytes returns the size of n values. It fails when n is no multiple of the
// block or the size overflows.
func (t Type) Bytes(n int64) (int64, bool) {
	values, size := t.Block()
	if values == 0 || n < 0 || n%int64(values) != 0 {
		return 0, false
	}
	hi, lo := bits.Mul64(uint64(n/int64(values)), uint64(size))
	if hi != 0 || lo > 1<<62 {
		return 0, false
	}
	return int64(lo), true
}
