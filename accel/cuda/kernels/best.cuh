// The largest values of a row. Every block of threads sorts 1024 keys and keeps
// the first k; the same kernel sorts what all of them kept, until one block is
// enough. A key is a value, in bits that are ordered as values are, and then its
// column, the lowest first; 0 stands for what is not a number.
#pragma once
#include "device.cuh"

constexpr int bestThreads = 256, bestKeys = 4 * bestThreads;

__device__ inline uint64_t keyOf(float v, uint32_t column) {
	uint32_t bits = __float_as_uint(v);
	bits = bits >> 31 ? ~bits : bits | 0x80000000;
	return v == v ? uint64_t(bits) << 32 | uint32_t(~column) : 0;
}

// keepBest sorts the keys of a block, the largest first (a bitonic sort), and
// writes k of them from to[blockIdx.x·k] on.
__device__ inline void keepBest(uint64_t *to, uint64_t *keys, int k) {
	for (int size = 2; size <= bestKeys; size *= 2) {
		for (int stride = size / 2; stride > 0; stride /= 2) {
			__syncthreads();
			for (int i = threadIdx.x; i < bestKeys / 2; i += bestThreads) {
				int a = i / stride * 2 * stride + i % stride, b = a + stride;
				bool rising = a & size; // runs alternate, but for the last
				uint64_t x = keys[a], y = keys[b];
				if ((x < y) != rising) {
					keys[a] = y;
					keys[b] = x;
				}
			}
		}
	}
	__syncthreads();
	for (int i = threadIdx.x; i < k; i += bestThreads) to[blockIdx.x * k + i] = keys[i];
}

// best1 begins with n values, best2 goes on with n keys.
KERNEL best1(uint64_t *to, const float *x, int n, int k) {
	__shared__ uint64_t keys[bestKeys];
	for (int i = threadIdx.x; i < bestKeys; i += bestThreads) {
		int at = blockIdx.x * bestKeys + i;
		keys[i] = at < n ? keyOf(x[at], at) : 0;
	}
	keepBest(to, keys, k);
}

KERNEL best2(uint64_t *to, const uint64_t *from, int n, int k) {
	__shared__ uint64_t keys[bestKeys];
	for (int i = threadIdx.x; i < bestKeys; i += bestThreads) {
		int at = blockIdx.x * bestKeys + i;
		keys[i] = at < n ? from[at] : 0;
	}
	keepBest(to, keys, k);
}
