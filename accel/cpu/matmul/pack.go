package matmul

import (
	"encoding/binary"
	"math"

	"github.com/runnel-chat/runnel/gguf"
)

// Pack interleaves rows by cols weights from src, which holds the rows of a
// GGUF tensor one after another, into dst, which is PackedBytes long. A tile
// of a larger tensor is packed like a tensor of its own. Missing rows of the
// last block become zeros.
func (k *Kernel) Pack(dst, src []byte, rows, cols int) {
	block := k.rowBlock(cols)
	if k.decode {
		k.recode(dst, src, rows, cols)
		return
	}
	stride := cols / k.f.vals * k.f.block()
	for row := 0; row < rows; row += Rows {
		m := min(Rows, rows-row)
		packGeneric(k.f, dst[:block], src[:m*stride], stride, m)
		dst, src = dst[block:], src[m*stride:]
	}
}

// packGeneric packs m ≤ 16 rows that lie stride bytes apart.
func packGeneric(f *format, dst, src []byte, stride, m int) {
	if m < Rows {
		clear(dst)
	}
	for r := range m {
		row := src[r*stride : (r+1)*stride]
		for u := dst; len(row) > 0; u = u[f.unit():] {
			packBlock(f, u, row[:f.block()], r)
			row = row[f.block():]
		}
	}
}

// packBlock writes one GGUF block as lane r of a unit.
func packBlock(f *format, u, b []byte, r int) {
	copy(u[f.head*r:], b[:f.head])
	words := b[f.head : f.head+4*f.words]
	for i := range f.words {
		v := binary.LittleEndian.Uint32(words[4*i:])
		if f.fifth == i+1 {
			v = transpose4x8(v)
		}
		binary.LittleEndian.PutUint32(u[Rows*f.head+4*(Rows*i+r):], v)
	}
	copy(u[Rows*(f.head+4*f.words)+f.end*r:], b[f.head+4*f.words:])
}

// transpose4x8 moves bit 4g+b to bit g of byte b, so that one shift brings the
// fifth bits of 4 consecutive columns into 4 bytes.
func transpose4x8(v uint32) (t uint32) {
	for g := range 8 {
		for b := range 4 {
			t |= v >> (4*g + b) & 1 << (8*b + g)
		}
	}
	return t
}

// recode packs a type without kernels of its own by way of its decoded values.
func (k *Kernel) recode(dst, src []byte, rows, cols int) {
	vals, bytes := k.typ.Block()
	stride := cols / vals * bytes
	row := make([]float32, cols)
	if rows%Rows != 0 {
		clear(dst[rows/Rows*k.rowBlock(cols):][:k.rowBlock(cols)])
	}
	for r := range rows {
		if err := gguf.Decode(k.typ, row, src[r*stride:(r+1)*stride]); err != nil {
			panic(err) // the type is decodable and the rows are whole blocks
		}
		u := dst[r/Rows*k.rowBlock(cols):]
		for x := row; len(x) > 0; x, u = x[k.f.vals:], u[k.f.unit():] {
			k.recodeBlock(u, x[:k.f.vals], r%Rows)
		}
	}
}

// recodeBlock writes float32 or Q16.
func (k *Kernel) recodeBlock(u []byte, x []float32, r int) {
	var b [4 + 16]byte
	if k.f != q16 {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(x[0]))
		packBlock(k.f, u, b[:4], r)
		return
	}
	d, inv := integerScale(x)
	binary.LittleEndian.PutUint32(b[:], math.Float32bits(d))
	for i, v := range x {
		b[4+i] = byte(round(v*inv, 127))
	}
	packBlock(k.f, u, b[:], r)
}

// integerScale finds the scale that makes all of x small integers: the
// codebook types are a scale times entries of a grid, so that trying each
// integer up to 127 as the largest finds the grid again, without loss. Other
// values are rounded to 127 steps.
func integerScale(x []float32) (d, inv float32) {
	var top float32
	for _, v := range x {
		top = max(top, v, -v)
	}
	if top < 1e-30 {
		return 0, 0
	}
	for n := float32(1); n < 127; n++ {
		if integers(x, n/top) {
			return top / n, n / top
		}
	}
	return top / 127, 127 / top
}

// integers tells whether all x·inv are integers but for float32 rounding.
func integers(x []float32, inv float32) bool {
	for _, v := range x {
		y := v * inv
		if e := y - float32(math.RoundToEven(float64(y))); e > 1e-4 || e < -1e-4 {
			return false
		}
	}
	return true
}
