package synth

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/runnel-chat/runnel/gguf"
)

// random is the SplitMix64 generator: fast, and any number is a good seed.
// https://doi.org/10.1145/2714064.2660195
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	return mix64(uint64(*r))
}

func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *random) fill(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, r.next())
	}
	for i, rest := 0, r.next(); i < len(b); i++ {
		b[i] = byte(rest >> (8 * i))
	}
}

// dress makes a weight block of random bytes: the quantised values stay as
// they are, the scales are set such that the values have a mean of zero and a
// spread in proportion to unit. Each block takes sign and size of its scale
// from the random bytes in its place.
type dress func(b []byte, unit float32)

var dresses = map[gguf.Type]dress{
	gguf.F32:    dressF32,
	gguf.F16:    func(b []byte, unit float32) { putHalf(b, bell(b, unit)) },
	gguf.BF16:   dressBF16,
	gguf.Q8_0:   dressScale(0),
	gguf.Q4_0:   dressScale(0),
	gguf.Q5_0:   dressScale(0),
	gguf.Q4_1:   dressMin(0, -7.5),
	gguf.Q5_1:   dressMin(0, -15.5),
	gguf.Q2_K:   dressQ2_K,
	gguf.Q3_K:   dressScale(108),
	gguf.Q4_K:   dressQ4_K(7.5),
	gguf.Q5_K:   dressQ4_K(15.5),
	gguf.Q6_K:   dressScale(208),
	gguf.IQ4_NL: dressScale(0),
	gguf.IQ4_XS: dressScale(0),
	gguf.MXFP4:  dressMXFP4,
}

// dressScale serves the types whose values are nearly symmetric: only the
// scale at offset at is set.
func dressScale(at int) dress {
	return func(b []byte, unit float32) { putHalf(b[at:], scale(b[at:], unit)) }
}

// dressMin serves the types with a minimum behind the scale, which stands at
// least scales below zero.
func dressMin(at int, least float32) dress {
	return func(b []byte, unit float32) {
		d := scale(b[at:], unit)
		putHalf(b[at:], d)
		putHalf(b[at+2:], least*d)
	}
}

// Q2_K: the minimum of each group is as many steps as its scale, a step of
// the minimum being 1.5 of the scale's.
func dressQ2_K(b []byte, unit float32) {
	for i, v := range b[:16] {
		b[i] = v & 15 * 17
	}
	dressMin(80, 1.5)(b, unit)
}

// Q4_K and Q5_K: likewise; of their twelve bytes of scales the middle four
// are the minimums to the first four, the last hold nibbles of both.
func dressQ4_K(least float32) dress {
	header := dressMin(0, least)
	return func(b []byte, unit float32) {
		header(b, unit)
		copy(b[8:12], b[4:8])
		for i, v := range b[12:16] {
			b[12+i] = v & 15 * 17
		}
	}
}

// MXFP4: the scale is a power of two, so it is one of the two next to unit,
// each as often as gives the wanted mean square.
func dressMXFP4(b []byte, unit float32) {
	frac, exp := math.Frexp(float64(unit))
	exp--
	if larger := (float64(4*frac*frac) - 1) / 3; float64(b[0]) < 256*larger {
		exp++
	}
	b[0] = byte(127 + exp)
}

func dressF32(b []byte, unit float32) {
	binary.LittleEndian.PutUint32(b, math.Float32bits(bell(b, unit)))
}

func dressBF16(b []byte, unit float32) {
	binary.LittleEndian.PutUint16(b, uint16(math.Float32bits(bell(b, unit))>>16))
}

// scale is ±(0.75 to 1.25)·unit.
func scale(b []byte, unit float32) float32 {
	v := int16(binary.LittleEndian.Uint16(b))
	size := unit * (0.75 + float32(v&0x7fff)/(1<<16))
	if v < 0 {
		return -size
	}
	return size
}

// bell is a value near zero, by the sum of a few random bits: those of one
// half of them against those of the other.
func bell(b []byte, unit float32) float32 {
	v := uint64(binary.LittleEndian.Uint16(b))
	if len(b) >= 4 {
		v = uint64(binary.LittleEndian.Uint32(b))
	}
	v = mix64(v)
	// 64 coins, and 8 more bits to fill the gaps between their sums.
	return unit * (float32(bits.OnesCount64(v)-32) + float32(v&255)/256 - 0.5) / 4
}

// putHalf stores v as a float16, rounded to nearest.
func putHalf(b []byte, v float32) { binary.LittleEndian.PutUint16(b, halfBits(v)) }

func halfBits(v float32) uint16 {
	sign := uint16(math.Float32bits(v) >> 16 & 0x8000)
	size := math.Float32bits(v) &^ (1 << 31)
	switch {
	case size >= 0x47800000: // 65536 and more
		return sign | 0x7c00
	case size < 0x38800000: // below the least normal float16: steps of 2⁻²⁴
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(size))*(1<<24)))
	}
	size += 0xfff + size>>13&1 // to nearest, to even
	return sign | uint16(size>>13-(127-15)<<10)
}

// spread is the spread of each type's values for a unit of one, as measured
// with the reference decoder.
func spread(t gguf.Type) float32 {
	values, bytes := t.Block()
	const blocks = 4096
	raw := make([]byte, blocks*bytes)
	r := random(1)
	r.fill(raw)
	out := make([]float32, values)
	var sum float64
	for ; len(raw) > 0; raw = raw[bytes:] {
		dresses[t](raw[:bytes], 1)
		if err := gguf.Decode(t, out, raw); err != nil {
			panic(err) // every dressed type is decodable
		}
		for _, v := range out {
			sum += float64(float64(v) * float64(v)) // rounded: the same on every machine
		}
	}
	return float32(math.Sqrt(sum / float64(blocks*values)))
}
