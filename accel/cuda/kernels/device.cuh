// What the kernels need of a device. nvcc compiles them for a GPU; without it
// emulate.h stands in, so that a C++ compiler makes a program of the same
// sources whose threads are fibres of one processor.
#pragma once

#ifdef __CUDACC__
#include <math.h>
#include <stdint.h>
#else
#include "emulate.h"
#endif

#define KERNEL extern "C" __global__ void

constexpr int warpLanes = 32;
constexpr unsigned everyLane = 0xffffffff;

// fromHalf and toHalf convert IEEE binary16, rounding to even.
__device__ inline float fromHalf(uint16_t h) {
#ifdef __CUDACC__
	float f;
	asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(h));
	return f;
#else
	return emulate::fromHalf(h);
#endif
}

__device__ inline uint16_t toHalf(float f) {
#ifdef __CUDACC__
	uint16_t h;
	asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(f));
	return h;
#else
	return emulate::toHalf(f);
#endif
}

// dynamicShared is the shared memory whose size a launch states, 16-byte aligned.
__device__ inline float *dynamicShared() {
#ifdef __CUDACC__
	extern __shared__ __align__(16) float shared[];
	return shared;
#else
	return emulate::dynamicShared();
#endif
}

// dot4 is c plus the product of two vectors of 4 signed bytes.
__device__ inline int dot4(int a, int b, int c) { return __dp4a(a, b, c); }

// mma8x8x16 adds to c the product of 8 rows and 8 columns of 16 signed bytes,
// a matrix product of a warp (PTX ISA, mma.m8n8k16): of a, a lane brings bytes
// 4·(lane%4)… of row lane/4; of b, those of column lane/4; and it holds c of
// row lane/4, columns 2·(lane%4) and the next.
__device__ inline void mma8x8x16(int &c0, int &c1, int a, int b) {
#ifdef __CUDACC__
	asm("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};" : "+r"(c0), "+r"(c1) : "r"(a), "r"(b));
#else
	emulate::mma8x8x16(c0, c1, a, b);
#endif
}

// mma16x8x16 is the same for 16 rows: a[0] and c[0], c[1] are as above, a[1]
// and c[2], c[3] of row lane/4 + 8.
__device__ inline void mma16x8x16(int *c, const int *a, int b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
	asm("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
	    : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
	    : "r"(a[0]), "r"(a[1]), "r"(b));
#else
	mma8x8x16(c[0], c[1], a[0], b);
	mma8x8x16(c[2], c[3], a[1], b);
#endif
}

// mma16x8x32 is the same for 32 bytes: a[2], a[3] and b[1] hold bytes
// 16 + 4·(lane%4)….
__device__ inline void mma16x8x32(int *c, const int *a, const int *b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
	asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
	    : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
	    : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
	mma16x8x16(c, a, b[0]);
	mma16x8x16(c, a + 2, b[1]);
#endif
}

// halves packs two values as halves, the first in the lower bits.
__device__ inline uint32_t halves(float first, float second) { return toHalf(first) | uint32_t(toHalf(second)) << 16; }

// loadMatrices reads four matrices of 8 x 8 halves from shared memory (PTX ISA,
// ldmatrix). Lane l brings the address of row l%8 of matrix l/8, 16-byte aligned;
// of each matrix it gets columns 2·(l%4) and the next of row l/4, or, if they are
// transposed, rows 2·(l%4) and the next of column l/4.
template <bool transposed> __device__ inline void loadMatrices(uint32_t *r, const uint16_t *row) {
#ifdef __CUDACC__
	unsigned at = unsigned(__cvta_generic_to_shared(row));
	if (transposed) {
		asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
		             : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
		             : "r"(at)
		             : "memory");
	} else {
		asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
		             : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
		             : "r"(at)
		             : "memory");
	}
#else
	emulate::loadMatrices(r, row, transposed);
#endif
}

// mmaHalf adds to c the product of 16 rows and 8 columns of 16 halves, with
// fragments a[0], a[1] of columns 2·(lane%4)… of rows lane/4 and lane/4 + 8, a[2],
// a[3] and b[1] of columns 8 further; c is as in mma16x8x16.
__device__ inline void mmaHalf(float *c, const uint32_t *a, const uint32_t *b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
	asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
	    : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
	    : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#elif defined(__CUDACC__)
	for (int i = 0; i < 2; i++) {
		asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
		    : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
		    : "r"(a[2 * i]), "r"(a[2 * i + 1]), "r"(b[i]));
	}
#else
	emulate::mmaHalf(c, a, b);
#endif
}

__device__ inline float warpSum(float v) {
	for (int lanes = warpLanes / 2; lanes > 0; lanes /= 2) v += __shfl_xor_sync(everyLane, v, lanes);
	return v;
}

__device__ inline float warpMax(float v) {
	for (int lanes = warpLanes / 2; lanes > 0; lanes /= 2) v = fmaxf(v, __shfl_xor_sync(everyLane, v, lanes));
	return v;
}

__device__ inline int warpMin(int v) {
	for (int lanes = warpLanes / 2; lanes > 0; lanes /= 2) v = min(v, __shfl_xor_sync(everyLane, v, lanes));
	return v;
}

// warpPeak is the largest |v| of n lanes, as bits: not a number is larger than
// every number, so that it reaches the result.
__device__ inline unsigned warpPeak(float v, int n = warpLanes) {
	unsigned peak = __float_as_uint(v) & 0x7fffffff;
	for (int lanes = n / 2; lanes > 0; lanes /= 2) peak = max(peak, __shfl_xor_sync(everyLane, peak, lanes));
	return peak;
}

// blockSum adds v of all threads of a block of at most 1024; every thread
// gets the sum.
__device__ inline float blockSum(float v) {
	__shared__ float parts[warpLanes];
	int lane = threadIdx.x % warpLanes, warps = (blockDim.x + warpLanes - 1) / warpLanes;
	v = warpSum(v);
	__syncthreads(); // the parts of an earlier sum were read
	if (lane == 0) parts[threadIdx.x / warpLanes] = v;
	__syncthreads();
	return warpSum(lane < warps ? parts[lane] : 0);
}

// lastOf tells the threads of a block whether theirs is the last of `blocks`
// that come here with the same counter: it may read what the others have
// written, and write over what they have read. It leaves the counter at zero.
__device__ inline bool lastOf(unsigned *counter, unsigned blocks) {
	__shared__ bool last;
	__syncthreads();
	if (threadIdx.x == 0) {
		__threadfence(); // what this block did is seen before it is counted
		last = atomicAdd(counter, 1u) == blocks - 1;
		if (last) *counter = 0;
		__threadfence(); // and all that others did after
	}
	__syncthreads();
	return last;
}
