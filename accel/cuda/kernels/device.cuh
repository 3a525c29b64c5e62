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

// dynamicShared is the shared memory whose size a launch states.
__device__ inline float *dynamicShared() {
#ifdef __CUDACC__
	extern __shared__ float shared[];
	return shared;
#else
	return emulate::dynamicShared();
#endif
}

// dot4 is c plus the product of two vectors of 4 signed bytes.
__device__ inline int dot4(int a, int b, int c) { return __dp4a(a, b, c); }

__device__ inline float warpSum(float v) {
	for (int lanes = warpLanes / 2; lanes > 0; lanes /= 2) v += __shfl_xor_sync(everyLane, v, lanes);
	return v;
}

__device__ inline float warpMax(float v) {
	for (int lanes = warpLanes / 2; lanes > 0; lanes /= 2) v = fmaxf(v, __shfl_xor_sync(everyLane, v, lanes));
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
