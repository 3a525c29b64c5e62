package matmul

import (
	"fmt"

	"github.com/runnel-chat/runnel/gguf"
)

// Rows is the number of matrix rows interleaved in one packed block.
const Rows = 16

// format describes how one weight type is packed and what its integers mean.
// A GGUF block is head bytes, then 32-bit words, then tail bytes; a packed
// unit is the same three parts, each interleaved over 16 rows.
type format struct {
	kind             int  // index of the type's kernels in a tier's table
	vals             int  // columns of a block
	head, words, end int  // bytes, 32-bit words, bytes
	group            int  // columns that share a scale: 16 or 32; 0 for floats
	fifth            int  // 1 + the index of the word of fifth bits, which Pack transposes
	mins             mins // what is subtracted beside the scaled integers

	minGroup int // columns that share an integer min, if not 32

	// unpack decodes one packed unit into p from column k on.
	unpack func(p *panel, k int, w []byte)
}

// block is the size of a GGUF block in bytes.
func (f *format) block() int { return f.head + 4*f.words + f.end }

// unit is the size of a packed unit in bytes.
func (f *format) unit() int { return Rows * f.block() }

// mins says how a type shifts its values.
type mins int

const (
	noMins    mins = iota // w = scale·q
	floatMins             // w = scale·q + m, m per group in float32
	intMins               // w = scale·q - dmin·m, m per group a small integer
)

// The kinds of kernels. Types that differ only in how they were rounded
// share one.
const (
	kindQ4_0 = iota
	kindQ4_1
	kindQ5_0
	kindQ5_1
	kindQ8_0
	kindQ2_K
	kindQ3_K
	kindQ4_K
	kindQ5_K
	kindQ6_K
	kindIQ4_NL
	kindIQ4_XS
	kindMXFP4
	kindQ16
	kindF16
	kindBF16
	kindF32
	kinds
)

var formats = map[gguf.Type]*format{
	gguf.Q4_0:   {kind: kindQ4_0, vals: 32, head: 2, words: 4, group: 32, unpack: unpackQ4_0},
	gguf.Q4_1:   {kind: kindQ4_1, vals: 32, words: 5, group: 32, mins: floatMins, unpack: unpackQ4_1},
	gguf.Q5_0:   {kind: kindQ5_0, vals: 32, head: 2, words: 5, group: 32, fifth: 1, unpack: unpackQ5_0},
	gguf.Q5_1:   {kind: kindQ5_1, vals: 32, words: 6, group: 32, fifth: 2, mins: floatMins, unpack: unpackQ5_1},
	gguf.Q8_0:   {kind: kindQ8_0, vals: 32, head: 2, words: 8, group: 32, unpack: unpackQ8_0},
	gguf.Q2_K:   {kind: kindQ2_K, vals: 256, words: 21, group: 256, mins: intMins, minGroup: 16, unpack: unpackQ2_K},
	gguf.Q3_K:   {kind: kindQ3_K, vals: 256, words: 27, end: 2, group: 256, unpack: unpackQ3_K},
	gguf.Q4_K:   {kind: kindQ4_K, vals: 256, words: 36, group: 32, mins: intMins, unpack: unpackQ4_K},
	gguf.Q5_K:   {kind: kindQ5_K, vals: 256, words: 44, group: 32, mins: intMins, unpack: unpackQ5_K},
	gguf.Q6_K:   {kind: kindQ6_K, vals: 256, words: 52, end: 2, group: 16, unpack: unpackQ6_K},
	gguf.IQ4_NL: {kind: kindIQ4_NL, vals: 32, head: 2, words: 4, group: 32, unpack: unpackIQ4_NL},
	gguf.IQ4_XS: {kind: kindIQ4_XS, vals: 256, words: 34, group: 32, unpack: unpackIQ4_XS},
	gguf.MXFP4:  {kind: kindMXFP4, vals: 32, head: 1, words: 4, group: 32, unpack: unpackMXFP4},
	gguf.F16:    {kind: kindF16, vals: 1, head: 2},
	gguf.BF16:   {kind: kindBF16, vals: 1, head: 2},
	gguf.F32:    {kind: kindF32, vals: 1, words: 1},
}

// q16 holds the types without kernels of their own: int8 with a float32
// scale for 16 columns, which is exact for the codebook types (see recode).
var q16 = &format{kind: kindQ16, vals: 16, words: 5, group: 16, unpack: unpackQ16}

// formatOf finds the packed form of a type, and whether Pack has to decode it
// first.
func formatOf(t gguf.Type) (f *format, decode bool, err error) {
	if f := formats[t]; f != nil {
		return f, false, nil
	}
	vals, _ := t.Block()
	switch {
	case !gguf.Decodable(t):
		return nil, false, fmt.Errorf("matmul: no kernel for weights of type %v", t)
	case vals%q16.vals == 0 && vals > 0:
		return q16, true, nil
	default:
		return formats[gguf.F32], true, nil
	}
}
