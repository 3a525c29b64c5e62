package attn

import (
	"math"
	"unsafe"

	"github.com/runnel-chat/runnel/accel/cpu/vec"
)

// maxHalf is the largest finite binary16. Keys and values beyond it saturate,
// because one Inf would poison every later query.
const maxHalf = 65504

// Store writes position i, 0 <= i < BlockLen, of a block: k is [Heads][DK], v
// [Heads][DV].
func (l Layout) Store(block []byte, i int, k, v []float32) {
	for h := range l.Heads {
		hk, hv := k[h*l.DK:(h+1)*l.DK], v[h*l.DV:(h+1)*l.DV]
		group := l.keys(block, h)[i/lanes*l.groupBytes():][:l.groupBytes()]
		switch l.Type {
		case F32:
			l.storeF32(group, l.values(block, h), i, hk, hv)
		case F16:
			l.storeF16(group, l.values(block, h), i, hk, hv)
		case Q8_0:
			l.storeQ8(group, l.values(block, h), i, hk, hv)
		}
	}
}

func (l Layout) storeF32(group, values []byte, i int, k, v []float32) {
	col := view[float32](group)[i%lanes:]
	for d, x := range k {
		col[d*lanes] = x
	}
	for p := range l.panels() {
		row := view[float32](values[p*l.panelBytes():])[i*lanes:][:lanes]
		clear(row[copy(row, v[p*lanes:]):])
	}
}

func (l Layout) storeF16(group, values []byte, i int, k, v []float32) {
	var clamped [lanes]float32
	var row [lanes]uint16
	col := view[uint16](group)[i%lanes:]
	for d := 0; d < len(k); d += lanes {
		n := clampHalf(&clamped, k[d:])
		vec.HalfFromFloat(row[:n], clamped[:n])
		for j, x := range row[:n] {
			col[(d+j)*lanes] = x
		}
	}
	for p := range l.panels() {
		clampHalf(&clamped, v[p*lanes:])
		vec.HalfFromFloat(view[uint16](values[p*l.panelBytes():])[i*lanes:][:lanes], clamped[:])
	}
}

// clampHalf copies up to 32 values into the finite range of binary16 and
// clears the rest; it returns how many there were.
func clampHalf(dst *[lanes]float32, src []float32) int {
	n := min(len(src), lanes)
	for i, x := range src[:n] {
		dst[i] = max(min(x, maxHalf), -maxHalf)
	}
	clear(dst[n:])
	return n
}

func (l Layout) storeQ8(group, values []byte, i int, k, v []float32) {
	var codes [lanes]int8
	lane := i % lanes
	scales := view[uint16](group[l.dkPadded()*lanes:])
	for b := range l.keyScales() {
		n := min(lanes, l.dkPadded()-b*lanes)
		scales[b*lanes+lane] = quantize(&codes, k[b*lanes:])
		for j, c := range codes[:n] {
			d := b*lanes + j
			group[d/4*4*lanes+lane*4+d%4] = byte(c) ^ 0x80
		}
	}
	for p := range l.panels() {
		panel := values[p*l.panelBytes():][:l.panelBytes()]
		view[uint16](panel[BlockLen*lanes:])[i] = quantize(&codes, v[p*lanes:])
		copy(view[int8](panel[i*lanes:]), codes[:])
	}
}

// quantize rounds up to 32 values to int8 with one scale, returned as
// binary16; codes past the end of src are 0.
func quantize(codes *[lanes]int8, src []float32) uint16 {
	src = src[:min(len(src), lanes)]
	var scale [1]uint16
	var d [1]float32
	vec.HalfFromFloat(scale[:], []float32{min(vec.MaxAbs(src)/127, maxHalf)})
	vec.FloatFromHalf(d[:], scale[:]) // divide by the scale as it will be read
	inv := float32(0)
	if d[0] > 0 {
		inv = 1 / d[0]
	}
	clear(codes[:])
	for j, x := range src {
		codes[j] = round8(x * inv)
	}
	return scale[0]
}

// round8 rounds to nearest, saturating: the sum with 1.5*2^23 has the integer
// in its lowest bits.
func round8(x float32) int8 {
	return int8(math.Float32bits(max(min(x, 127), -127) + 3<<22))
}

// view reinterprets whole elements of b.
func view[T int8 | uint16 | float32 | int32](b []byte) []T {
	var t T
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(t)))
}
