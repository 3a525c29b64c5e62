package gguf

import (
	"fmt"
	"math"
	"strings"
)

// Type is how the values of a tensor are stored, by its number in the file.
type Type uint32

// Every type a current GGUF file may hold. A block of a quantised type holds
// 32 values (the legacy and FP4 types), 256 (the K and I types) or what its
// entry in the table below says.
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
	Q1_0    Type = 41
	Q2_0    Type = 42
)

// layouts holds the block of each type. A type with a name and no block was
// shipped once and has been withdrawn from the format: files that use it are
// refused by name.
var layouts = [...]struct {
	name          string
	values, bytes int
}{
	F32:     {"F32", 1, 4},
	F16:     {"F16", 1, 2},
	Q4_0:    {"Q4_0", 32, 18},
	Q4_1:    {"Q4_1", 32, 20},
	4:       {"Q4_2", 0, 0},
	5:       {"Q4_3", 0, 0},
	Q5_0:    {"Q5_0", 32, 22},
	Q5_1:    {"Q5_1", 32, 24},
	Q8_0:    {"Q8_0", 32, 34},
	Q8_1:    {"Q8_1", 32, 36},
	Q2_K:    {"Q2_K", 256, 84},
	Q3_K:    {"Q3_K", 256, 110},
	Q4_K:    {"Q4_K", 256, 144},
	Q5_K:    {"Q5_K", 256, 176},
	Q6_K:    {"Q6_K", 256, 210},
	Q8_K:    {"Q8_K", 256, 292},
	IQ2_XXS: {"IQ2_XXS", 256, 66},
	IQ2_XS:  {"IQ2_XS", 256, 74},
	IQ3_XXS: {"IQ3_XXS", 256, 98},
	IQ1_S:   {"IQ1_S", 256, 50},
	IQ4_NL:  {"IQ4_NL", 32, 18},
	IQ3_S:   {"IQ3_S", 256, 110},
	IQ2_S:   {"IQ2_S", 256, 82},
	IQ4_XS:  {"IQ4_XS", 256, 136},
	I8:      {"I8", 1, 1},
	I16:     {"I16", 1, 2},
	I32:     {"I32", 1, 4},
	I64:     {"I64", 1, 8},
	F64:     {"F64", 1, 8},
	IQ1_M:   {"IQ1_M", 256, 56},
	BF16:    {"BF16", 1, 2},
	31:      {"Q4_0_4_4", 0, 0},
	32:      {"Q4_0_4_8", 0, 0},
	33:      {"Q4_0_8_8", 0, 0},
	TQ1_0:   {"TQ1_0", 256, 54},
	TQ2_0:   {"TQ2_0", 256, 66},
	36:      {"IQ4_NL_4_4", 0, 0},
	37:      {"IQ4_NL_4_8", 0, 0},
	38:      {"IQ4_NL_8_8", 0, 0},
	MXFP4:   {"MXFP4", 32, 17},
	NVFP4:   {"NVFP4", 64, 36},
	Q1_0:    {"Q1_0", 128, 18},
	Q2_0:    {"Q2_0", 64, 18},
}

// String is the type's name in the form used everywhere: "Q4_K". An unknown
// type gives its number.
func (t Type) String() string {
	if int64(t) < int64(len(layouts)) {
		return layouts[t].name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Valid reports whether a file may hold tensors of this type.
func (t Type) Valid() bool {
	return int64(t) < int64(len(layouts)) && layouts[t].values > 0
}

// Block returns how many values a block holds and the bytes it takes; 0, 0
// for a type that is not Valid.
func (t Type) Block() (values, bytes int) {
	if !t.Valid() {
		return 0, 0
	}
	return layouts[t].values, layouts[t].bytes
}

// Bytes returns the size of n values. It is false when n is negative or no
// multiple of the block, when the size overflows, and for an invalid type.
func (t Type) Bytes(n int64) (int64, bool) {
	values, bytes := t.Block()
	if values == 0 || n < 0 || n%int64(values) != 0 {
		return 0, false
	}
	blocks := n / int64(values)
	if blocks > math.MaxInt64/int64(bytes) {
		return 0, false
	}
	return blocks * int64(bytes), true
}

// ParseType finds a valid type by its name, in any case.
func ParseType(s string) (Type, bool) {
	for i, l := range layouts {
		if l.values > 0 && strings.EqualFold(l.name, s) {
			return Type(i), true
		}
	}
	return 0, false
}
