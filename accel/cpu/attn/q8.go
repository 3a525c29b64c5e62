package attn

import (
	"unsafe"

	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// queryBlock is 32 dimensions of a query beside keys of Q8_0. The codes of a
// key carry a bias of 128, which the product with them picks up bias times:
// bias is -128 * Σcodes.
type queryBlock struct {
	codes [32]int8
	scale float32
	bias  int32
}

// packQuery quantises q*scale into the blocks that row has room for.
func packQuery(row, q []float32, scale float32) {
	for b := 0; b*32 < len(q); b++ {
		x := q[b*32 : min(b*32+32, len(q))]
		blk := (*queryBlock)(unsafe.Pointer(&row[b*int(unsafe.Sizeof(queryBlock{}))/4]))
		d := vec.MaxAbs(x) / 127
		inv := float32(0)
		if d > 0 {
			inv = 1 / d
		}
		sum := int32(0)
		for i, v := range x {
			c := round8(v * inv)
			blk.codes[i] = c
			sum += int32(c)
		}
		blk.scale, blk.bias = d*scale, -128*sum
	}
}

// scoreGeneric is the product of query blocks with groups of Q8_0 keys. k is DK
// rounded up to a multiple of 4.
func scoreGeneric(p *product) {
	blocks := (p.k + 31) / 32
	for j := range p.panels {
		codes := unsafe.Slice(at[uint8](p.b, j*p.ldb), p.k*lanes)
		scales := unsafe.Slice(at[uint16](p.b, j*p.ldb+p.k*lanes), blocks*lanes)
		for r := range p.rows {
			q := unsafe.Slice(at[queryBlock](p.a, r*p.lda*4), blocks)
			c := at[[lanes]float32](p.c, (r*p.ldc+j*lanes)*4)
			scoreRowQ8(c, q, codes, scales)
		}
	}
}

func scoreRowQ8(c *[lanes]float32, q []queryBlock, codes []uint8, scales []uint16) {
	var ks [lanes]float32
	clear(c[:])
	for b := range q {
		vec.FloatFromHalf(ks[:], scales[b*lanes:])
		in := codes[b*32*lanes : min((b+1)*32*lanes, len(codes))]
		for i := range c {
			dot := q[b].bias
			for d := 0; d*lanes < len(in); d += 4 {
				k := in[d*lanes+i*4:][:4]
				dot += int32(k[0])*int32(q[b].codes[d]) + int32(k[1])*int32(q[b].codes[d+1]) +
					int32(k[2])*int32(q[b].codes[d+2]) + int32(k[3])*int32(q[b].codes[d+3])
			}
			c[i] += float32(dot) * (ks[i] * q[b].scale)
		}
	}
}
