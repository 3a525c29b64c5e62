package vec

import "math"

// HalfFromFloat rounds to IEEE binary16, to nearest even; what is too large
// becomes Inf.
func HalfFromFloat(dst []uint16, src []float32) {
	src = src[:len(dst)]
	for i := halfFromFloatLanes(dst, src); i < len(dst); i++ {
		dst[i] = half(src[i])
	}
}

// FloatFromHalf widens IEEE binary16.
func FloatFromHalf(dst []float32, src []uint16) {
	src = src[:len(dst)]
	for i := floatFromHalfLanes(dst, src); i < len(dst); i++ {
		dst[i] = float(src[i])
	}
}

// BF16FromFloat rounds to bfloat16, to nearest even.
func BF16FromFloat(dst []uint16, src []float32) {
	src = src[:len(dst)]
	for i := bf16FromFloatLanes(dst, src); i < len(dst); i++ {
		dst[i] = bf16(src[i])
	}
}

// FloatFromBF16 widens bfloat16.
func FloatFromBF16(dst []float32, src []uint16) {
	src = src[:len(dst)]
	for i := floatFromBF16Lanes(dst, src); i < len(dst); i++ {
		dst[i] = math.Float32frombits(uint32(src[i]) << 16)
	}
}

func half(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	b &^= 1 << 31
	switch {
	case b > 0x7f800000: // NaN: keep it quiet, and its upper bits
		return sign | 0x7e00 | uint16(b>>13&0x3ff)
	case b >= 0x477ff000: // rounds beyond 65504
		return sign | 0x7c00
	case b < 0x38800000: // denormal: the addition aligns and rounds
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+0.5)-0x3f000000)
	}
	b += 0xfff + b>>13&1
	return sign | uint16(b>>13-112<<10)
}

func float(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	b := uint32(h&0x7fff) << 13
	if b >= 0x7c00<<13 {
		b |= 0xff << 23
		if b&0x7fffff != 0 {
			b |= 1 << 22 // conversions quieten a NaN
		}
		return math.Float32frombits(sign | b)
	}
	// The exponent is 112 short of float32's; the product is exact, also for
	// denormals.
	return math.Float32frombits(sign | math.Float32bits(math.Float32frombits(b)*0x1p112))
}

func bf16(f float32) uint16 {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}
