// The packed weight formats (R16, see accel/cpu/matmul): 16 rows interleaved
// word by word, so a half-warp of one row a lane reads 64 consecutive bytes,
// and no lane ever needs another's.
//
// A format cuts its units into parts of `span` columns, the work of one thread
// at a time, and reads a part into plain form:
//
//	q      [span/4]      4 consecutive columns a word, signed bytes
//	scale  [span/group]
//	least  [span/group]  value = scale·q - least
#pragma once
#include "device.cuh"

constexpr int blockRows = 16;

// word reads the i-th 32-bit word of a row, after skip bytes a row of
// narrower parts. Weights never change, which __ldg tells the compiler.
__device__ inline uint32_t word(const uint8_t *unit, int skip, int i, int row) {
	return __ldg(reinterpret_cast<const uint32_t *>(unit + blockRows * skip) + blockRows * i + row);
}

__device__ inline float halfAt(const uint8_t *unit, int at, int row) {
	return fromHalf(__ldg(reinterpret_cast<const uint16_t *>(unit + blockRows * at) + row));
}

__device__ inline int byteOf(uint32_t w, int i) { return w >> (8 * i) & 255; }

constexpr uint32_t nibbles = 0x0f0f0f0f;

// fifths moves bit g of each byte of h to the fifth place.
__device__ inline uint32_t fifths(uint32_t h, int g) { return (h >> g & 0x01010101) << 4; }

// codes looks 4 nibbles up in a table of 16 bytes.
__device__ inline uint32_t codes(uint32_t q, uint32_t t0, uint32_t t1, uint32_t t2, uint32_t t3) {
	uint32_t pairs = q | q >> 4;
	uint32_t select = (pairs & 0xff) | (pairs >> 8 & 0xff00);
	uint32_t low = __byte_perm(t0, t1, select & 0x7777), high = __byte_perm(t2, t3, select & 0x7777);
	uint32_t upper = (q >> 3 & 0x01010101) * 255; // all ones in the bytes of codes 8…15
	return (low & ~upper) | (high & upper);
}

__device__ inline uint32_t iq4Codes(uint32_t q) { return codes(q, 0xbfad9881, 0xf6eaddcf, 0x26190d01, 0x71594535); }
__device__ inline uint32_t fp4Codes(uint32_t q) { return codes(q, 0x03020100, 0x0c080604, 0xfdfeff00, 0xf4f8fafc); }

struct Q4_0 {
	static constexpr int vals = 32, bytes = 18, span = 32, group = 32;
	__device__ static void read(const uint8_t *u, int row, int, uint32_t *q, float *scale, float *least) {
		scale[0] = halfAt(u, 0, row);
		least[0] = 8 * scale[0];
#pragma unroll
		for (int i = 0; i < 4; i++) {
			uint32_t w = word(u, 2, i, row);
			q[i] = w & nibbles;
			q[4 + i] = w >> 4 & nibbles;
		}
	}
};

struct Q4_1 {
	static constexpr int vals = 32, bytes = 20, span = 32, group = 32;
	__device__ static void read(const uint8_t *u, int row, int, uint32_t *q, float *scale, float *least) {
		uint32_t d = word(u, 0, 0, row);
		scale[0] = fromHalf(d);
		least[0] = -fromHalf(d >> 16);
#pragma unroll
		for (int i = 0; i < 4; i++) {
			uint32_t w = word(u, 0, 1 + i, row);
			q[i] = w & nibbles;
			q[4 + i] = w >> 4 & nibbles;
		}
	}
};

struct Q5_0 {
	static constexpr int vals = 32, bytes = 22, span = 32, group = 32;
	__device__ static void read(const uint8_t *u, int row, int, uint32_t *q, float *scale, float *least) {
		scale[0] = halfAt(u, 0, row);
		least[0] = 16 * scale[0];
		uint32_t h = word(u, 2, 0, row);
#pragma unroll
		for (int i = 0; i < 4; i++) {
			uint32_t w = word(u, 2, 1 + i, row);
			q[i] = (w & nibbles) | fifths(h, i);
			q[4 + i] = (w >> 4 & nibbles) | fifths(h, 4 + i);
		}
	}
};

struct Q5_1 {
	static constexpr int vals = 32, bytes = 24, span = 32, group = 32;
	__device__ static void read(const uint8_t *u, int row, int, uint32_t *q, float *scale, float *least) {
		uint32_t d = word(u, 0, 0, row), h = word(u, 0, 1, row);
		scale[0] = fromHalf(d);
		least[0] = -fromHalf(d >> 16);
#pragma unroll
		for (int i = 0; i < 4; i++) {
			uint32_t w = word(u, 0, 2 + i, row);
			q[i] = (w & nibbles) | fifths(h, i);
			q[4 + i] = (w >> 4 & nibbles) | fifths(h, 4 + i);
		}
	}
};

struct Q8_0 {
	static constexpr int vals = 32, bytes = 34, span = 32, group = 32;
	__device__ static void read(const uint8_t *u, int row, int, uint32_t *q, float *scale, float *least) {
		scale[0] = halfAt(u, 0, row);
		least[0] = 0;
#pragma unroll
		for (int i = 0; i < 8; i++) q[i] = word(u, 2, i, row);
	}
};

// Types without a layout of their own: 16 signed bytes and a float.
struct Q16 {
	static constexpr int vals = 16, bytes = 20, span = 16, group = 16;
	__device__ static void read(const uint8_t *u, int row, int, uint32_t *q, float *scale, float *least) {
		scale[0] = __uint_as_float(word(u, 0, 0, row));
		least[0] = 0;
#pragma unroll
		for (int i = 0; i < 4; i++) q[i] = word(u, 0, 1 + i, row);
	}
};

struct IQ4_NL {
	static constexpr int vals = 32, bytes = 18, span = 32, group = 32;
	__device__ static void read(const uint8_t *u, int row, int, uint32_t *q, float *scale, float *least) {
		scale[0] = halfAt(u, 0, row);
		least[0] = 0;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			uint32_t w = word(u, 2, i, row);
			q[i] = iq4Codes(w & nibbles);
			q[4 + i] = iq4Codes(w >> 4 & nibbles);
		}
	}
};

struct IQ4_XS {
	static constexpr int vals = 256, bytes = 136, span = 32, group = 32;
	__device__ static void read(const uint8_t *u, int row, int part, uint32_t *q, float *scale, float *least) {
		uint32_t d = word(u, 0, 0, row), low = word(u, 0, 1, row);
		int s = (low >> (4 * part) & 15) | (d >> (16 + 2 * part) & 3) << 4;
		scale[0] = fromHalf(d) * (s - 32);
		least[0] = 0;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			uint32_t w = word(u, 0, 2 + 4 * part + i, row);
			q[i] = iq4Codes(w & nibbles);
			q[4 + i] = iq4Codes(w >> 4 & nibbles);
		}
	}
};

// MXFP4: a byte of exponent, 2^(e-127), halved for the doubled codes.
struct MXFP4 {
	static constexpr int vals = 32, bytes = 17, span = 32, group = 32;
	__device__ static void read(const uint8_t *u, int row, int, uint32_t *q, float *scale, float *least) {
		int e = __ldg(u + row);
		scale[0] = __uint_as_float(e > 1 ? (e - 1) << 23 : 0x200000 << e); // subnormal below 2
		least[0] = 0;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			uint32_t w = word(u, 1, i, row);
			q[i] = fp4Codes(w & nibbles);
			q[4 + i] = fp4Codes(w >> 4 & nibbles);
		}
	}
};

// Q2_K and Q3_K: the bytes of the 8 words of each half hold columns l, l+32,
// l+64 and l+96 from bit 0 up.
struct Q2_K {
	static constexpr int vals = 256, bytes = 84, span = 128, group = 16;
	__device__ static void read(const uint8_t *u, int row, int part, uint32_t *q, float *scale, float *least) {
		uint32_t dd = word(u, 0, 20, row);
		float d = fromHalf(dd), dmin = fromHalf(dd >> 16);
#pragma unroll
		for (int g = 0; g < 8; g++) {
			int s = byteOf(word(u, 0, 2 * part + g / 4, row), g % 4);
			scale[g] = d * (s & 15);
			least[g] = dmin * (s >> 4);
		}
#pragma unroll
		for (int i = 0; i < 8; i++) {
			uint32_t w = word(u, 0, 4 + 8 * part + i, row);
#pragma unroll
			for (int run = 0; run < 4; run++) q[8 * run + i] = w >> (2 * run) & 0x03030303;
		}
	}
};

struct Q3_K {
	static constexpr int vals = 256, bytes = 110, span = 128, group = 16;
	__device__ static void read(const uint8_t *u, int row, int part, uint32_t *q, float *scale, float *least) {
		float d = halfAt(u, 108, row);
		uint32_t low[2] = {word(u, 0, 24, row) >> (4 * part) & nibbles, word(u, 0, 25, row) >> (4 * part) & nibbles};
		uint32_t high = word(u, 0, 26, row) >> (4 * part);
#pragma unroll
		for (int g = 0; g < 8; g++) {
			int s = byteOf(low[g / 4], g % 4) | (byteOf(high, g % 4) >> (2 * (g / 4)) & 3) << 4;
			scale[g] = d * (s - 32);
			least[g] = 4 * scale[g];
		}
#pragma unroll
		for (int i = 0; i < 8; i++) {
			uint32_t w = word(u, 0, 8 + 8 * part + i, row), h = word(u, 0, i, row) >> (4 * part);
#pragma unroll
			for (int run = 0; run < 4; run++) {
				q[8 * run + i] = (w >> (2 * run) & 0x03030303) | (h >> run & 0x01010101) << 2;
			}
		}
	}
};

// scalesK reads the scales and mins of columns 64·part… of Q4_K and Q5_K: 8 of
// each, 6 bits, in 3 words.
__device__ inline void scalesK(const uint8_t *u, int row, int part, float *scale, float *least) {
	uint32_t dd = word(u, 0, 0, row), a = word(u, 0, 1, row), b = word(u, 0, 2, row), c = word(u, 0, 3, row);
	float d = fromHalf(dd), dmin = fromHalf(dd >> 16);
	uint32_t s = a & 0x3f3f3f3f, m = b & 0x3f3f3f3f;
	if (part >= 2) {
		s = (c & nibbles) | (a >> 2 & 0x30303030);
		m = (c >> 4 & nibbles) | (b >> 2 & 0x30303030);
	}
	int at = part % 2 * 2;
#pragma unroll
	for (int g = 0; g < 2; g++) {
		scale[g] = d * byteOf(s, at + g);
		least[g] = dmin * byteOf(m, at + g);
	}
}

struct Q4_K {
	static constexpr int vals = 256, bytes = 144, span = 64, group = 32;
	__device__ static void read(const uint8_t *u, int row, int part, uint32_t *q, float *scale, float *least) {
		scalesK(u, row, part, scale, least);
#pragma unroll
		for (int i = 0; i < 8; i++) {
			uint32_t w = word(u, 0, 4 + 8 * part + i, row);
			q[i] = w & nibbles;
			q[8 + i] = w >> 4 & nibbles;
		}
	}
};

struct Q5_K {
	static constexpr int vals = 256, bytes = 176, span = 64, group = 32;
	__device__ static void read(const uint8_t *u, int row, int part, uint32_t *q, float *scale, float *least) {
		scalesK(u, row, part, scale, least);
#pragma unroll
		for (int i = 0; i < 8; i++) {
			uint32_t w = word(u, 0, 12 + 8 * part + i, row), h = word(u, 0, 4 + i, row);
			q[i] = (w & nibbles) | fifths(h, 2 * part);
			q[8 + i] = (w >> 4 & nibbles) | fifths(h, 2 * part + 1);
		}
	}
};

struct Q6_K {
	static constexpr int vals = 256, bytes = 210, span = 128, group = 16;
	__device__ static void read(const uint8_t *u, int row, int part, uint32_t *q, float *scale, float *least) {
		float d = halfAt(u, 208, row);
#pragma unroll
		for (int g = 0; g < 8; g++) {
			scale[g] = d * int8_t(byteOf(word(u, 0, 48 + 2 * part + g / 4, row), g % 4));
			least[g] = 32 * scale[g];
		}
#pragma unroll
		for (int i = 0; i < 8; i++) {
			uint32_t a = word(u, 0, 16 * part + i, row), b = word(u, 0, 16 * part + 8 + i, row);
			uint32_t h = word(u, 0, 32 + 8 * part + i, row);
			q[i] = (a & nibbles) | (h & 0x03030303) << 4;
			q[8 + i] = (b & nibbles) | (h >> 2 & 0x03030303) << 4;
			q[16 + i] = (a >> 4 & nibbles) | (h >> 4 & 0x03030303) << 4;
			q[24 + i] = (b >> 4 & nibbles) | (h >> 6 & 0x03030303) << 4;
		}
	}
};

// The float formats: a unit is one column.
struct F16 {
	static constexpr int vals = 1, bytes = 2;
	__device__ static float read(const uint8_t *u, int row) { return halfAt(u, 0, row); }
};

struct BF16 {
	static constexpr int vals = 1, bytes = 2;
	__device__ static float read(const uint8_t *u, int row) {
		return __uint_as_float(uint32_t(__ldg(reinterpret_cast<const uint16_t *>(u) + row)) << 16);
	}
};

struct F32 {
	static constexpr int vals = 1, bytes = 4;
	__device__ static float read(const uint8_t *u, int row) { return __ldg(reinterpret_cast<const float *>(u) + row); }
};

// rowBlock is where block i of 16 rows of a weight begins.
template <class Format> __device__ inline const uint8_t *rowBlock(const uint8_t *w, int i, int cols) {
	return w + size_t(i) * (cols / Format::vals) * Format::bytes * blockRows;
}

// INTEGER_FORMATS and FLOAT_FORMATS list what kernels are made for.
#define INTEGER_FORMATS(each)                                                                                   \
	each(Q4_0) each(Q4_1) each(Q5_0) each(Q5_1) each(Q8_0) each(Q16) each(IQ4_NL) each(IQ4_XS) each(MXFP4)      \
		each(Q2_K) each(Q3_K) each(Q4_K) each(Q5_K) each(Q6_K)
#define FLOAT_FORMATS(each) each(F16) each(BF16) each(F32)
