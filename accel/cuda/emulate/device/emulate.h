// The part of CUDA C++ that the kernels use, for an ordinary compiler. The
// threads of a block are fibres of one processor: a barrier or a shuffle lets
// the others run until all have come to it. Blocks run one after another, so
// what is __shared__ may be static.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#define __global__
#define __device__
#define __host__
#define __shared__ static

using std::max;
using std::min;

struct dim3 {
	unsigned x, y, z;
};

struct alignas(16) uint4 {
	uint32_t x, y, z, w;
};

extern dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulate {

[[noreturn]] void fail(const char *what);
void blockBarrier(); // __syncthreads
void warpBarrier();  // all 32 lanes of a warp
uint32_t *exchange(); // eight words a lane of the running warp: all first ones, then all second ones, …
float *dynamicShared();

inline float fromHalf(uint16_t h) {
	_Float16 f;
	memcpy(&f, &h, 2);
	return f;
}

inline uint16_t toHalf(float v) {
	_Float16 f = v;
	uint16_t h;
	memcpy(&h, &f, 2);
	return h;
}

} // namespace emulate

inline void __syncthreads() { emulate::blockBarrier(); }
inline void __syncwarp() { emulate::warpBarrier(); }
inline void __threadfence() {}

inline unsigned atomicAdd(unsigned *to, unsigned v) {
	unsigned before = *to;
	*to += v;
	return before;
}

template <class T> inline T __shfl_xor_sync(unsigned, T v, int mask) {
	static_assert(sizeof(T) == 4, "a lane exchanges words");
	unsigned lane = threadIdx.x % 32;
	memcpy(emulate::exchange() + lane, &v, 4);
	emulate::warpBarrier();
	memcpy(&v, emulate::exchange() + (lane ^ mask), 4);
	emulate::warpBarrier();
	return v;
}

template <class T> inline T __ldg(const T *p) { return *p; }

inline int __dp4a(int a, int b, int c) {
	for (int i = 0; i < 32; i += 8) c += int(int8_t(a >> i)) * int(int8_t(b >> i));
	return c;
}

namespace emulate {

// mma8x8x16: see device.cuh.
inline void mma8x8x16(int &c0, int &c1, int a, int b) {
	unsigned lane = threadIdx.x % 32;
	uint32_t *as = exchange(), *bs = as + 32;
	as[lane] = a;
	bs[lane] = b;
	warpBarrier();
	for (unsigned k = 0; k < 4; k++) {
		c0 = __dp4a(as[lane / 4 * 4 + k], bs[lane % 4 * 8 + k], c0);
		c1 = __dp4a(as[lane / 4 * 4 + k], bs[lane % 4 * 8 + 4 + k], c1);
	}
	warpBarrier();
}

// loadMatrices and mmaHalf: see device.cuh.
inline void loadMatrices(uint32_t *r, const uint16_t *row, bool transposed) {
	unsigned lane = threadIdx.x % 32;
	const uint16_t **rows = reinterpret_cast<const uint16_t **>(exchange());
	if (reinterpret_cast<uintptr_t>(row) % 16 != 0) fail("a row of a matrix is not aligned");
	rows[lane] = row;
	warpBarrier();
	for (unsigned m = 0; m < 4; m++) {
		uint16_t two[2];
		for (unsigned i = 0; i < 2; i++) {
			unsigned across = lane % 4 * 2 + i;
			two[i] = transposed ? rows[8 * m + across][lane / 4] : rows[8 * m + lane / 4][across];
		}
		r[m] = two[0] | uint32_t(two[1]) << 16;
	}
	warpBarrier();
}

inline void mmaHalf(float *c, const uint32_t *a, const uint32_t *b) {
	unsigned lane = threadIdx.x % 32;
	uint32_t *words = exchange();
	for (unsigned i = 0; i < 4; i++) words[32 * i + lane] = a[i];
	for (unsigned i = 0; i < 2; i++) words[32 * (4 + i) + lane] = b[i];
	warpBarrier();
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned k = 0; k < 16; k++) {
			unsigned row = i / 2, column = lane % 4 * 2 + i % 2, half = k / 8, at = k % 8 / 2, shift = k % 2 * 16;
			uint32_t x = words[32 * (2 * half + row) + lane / 4 * 4 + at], y = words[32 * (4 + half) + column * 4 + at];
			c[i] += fromHalf(uint16_t(x >> shift)) * fromHalf(uint16_t(y >> shift));
		}
	}
	warpBarrier();
}

} // namespace emulate

inline uint32_t __byte_perm(uint32_t a, uint32_t b, uint32_t select) {
	uint64_t bytes = a | uint64_t(b) << 32;
	uint32_t out = 0;
	for (int i = 0; i < 4; i++) out |= uint32_t(bytes >> 8 * (select >> 4 * i & 7) & 255) << 8 * i;
	return out;
}

inline float __uint_as_float(uint32_t u) {
	float f;
	memcpy(&f, &u, 4);
	return f;
}

inline uint32_t __float_as_uint(float f) {
	uint32_t u;
	memcpy(&u, &f, 4);
	return u;
}
