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
		if m < Rows {
			packGeneric(k.f, dst[:block], src, stride, m)
			return
		}
		k.tier.isa.pack(k.f, dst[:block], src[:m*stride], stride)
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
	if f.fifth > 0 {
		for u := dst; len(u) > 0; u = u[f.unit():] {
			transposeFifths(u[Rows*f.head+64*(f.fifth-1):][:64])
		}
	}
}

// packBlock writes one GGUF block as lane r of a unit.
func packBlock(f *format, u, b []byte, r int) {
	copy(u[f.head*r:], b[:f.head])
	words := b[f.head : f.head+4*f.words]
	for i := range f.words {
		copy(u[Rows*f.head+4*(Rows*i+r):][:4], words[4*i:])
	}
	copy(u[Rows*(f.head+4*f.words)+f.end*r:], b[f.head+4*f.words:])
}

// transposeFifths reorders the fifth bits of 16 rows of 32 columns: from bit
// 4g+b to bit g of byte b, so that one shift brings the bits of 4 consecutive
// columns into 4 bytes.
func transposeFifths(w []byte) {
	for ; len(w) >= 8; w = w[8:] {
		binary.LittleEndian.PutUint64(w, transpose4x8(binary.LittleEndian.Uint64(w)))
	}
}

// transpose4x8 does so for two rows at once: the digits (g2 g1 g0 b1 b0) of a
// bit's index become (b1 b0 g2 g1 g0) by exchanging two of them at a time.
func transpose4x8(v uint64) uint64 {
	v = exchange(v, 0x0a0a0a0a_0a0a0a0a, 3)  // digits 0 and 2
	v = exchange(v, 0x00cc00cc_00cc00cc, 6)  // 1 and 3
	v = exchange(v, 0x0000f0f0_0000f0f0, 12) // 2 and 4
	return exchange(v, 0x0000ff00_0000ff00, 8)
}

// exchange swaps the bits in mask with those d places above them.
func exchange(v, mask uint64, d int) uint64 {
	t := (v>>d ^ v) & mask
	return v ^ t ^ t<<d
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
