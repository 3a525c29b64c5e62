// Products of weights of halves with many vectors, on tensor cores: as in
// tile.cuh, a block of threads computes the products of 128 rows with 64
// vectors, and its 4 x 2 warps those of 32 with 32 each, 64 columns at a time.
// What vectors hold is rounded to halves. Weights of bfloat16 become halves too:
// of their 8 bits none is lost down to 2^-14.
#pragma once
#include "tile.cuh"

constexpr int halfCols = 64;
// Strides in shared memory, in halves: 16 bytes more than a row has, so that 8
// rows lie in different banks.
constexpr int halfRowsStride = tileRows + 8, halfColsStride = halfCols + 8;

__device__ inline uint32_t halfPair(F16, uint32_t two) { return two; }
__device__ inline uint32_t halfPair(BF16, uint32_t two) {
	return halves(__uint_as_float(two << 16), __uint_as_float(two & 0xffff0000));
}

// saturated is v within what halves can hold; not a number stays one.
__device__ inline float saturated(float v) { return v > 65504 ? 65504 : v < -65504 ? -65504 : v; }

template <class Format> struct HalfTile {
	alignas(16) uint16_t weights[halfCols][halfRowsStride];
	alignas(16) uint16_t inputs[tileVectors][halfColsStride];

	// readWeights fills in the columns from k0 on, of the rows from row0 on.
	__device__ void readWeights(const uint8_t *w, int row0, int rows, int k0, int cols) {
		for (int i = threadIdx.x; i < tileRows / 8 * halfCols; i += tileThreads) {
			int block = i / (2 * halfCols), k = i / 2 % halfCols, half = i % 2;
			uint4 v = {};
			if (row0 + block * blockRows < rows && k0 + k < cols) {
				v = __ldg(reinterpret_cast<const uint4 *>(w) + (size_t(row0 / blockRows + block) * cols + k0 + k) * 2 + half);
			}
			v = {halfPair(Format(), v.x), halfPair(Format(), v.y), halfPair(Format(), v.z), halfPair(Format(), v.w)};
			*reinterpret_cast<uint4 *>(&weights[k][block * blockRows + half * 8]) = v;
		}
	}

	// readInputs does so for vectors.
	__device__ void readInputs(const float *x, int ldx, int first, int n, int k0, int cols) {
		for (int i = threadIdx.x; i < tileVectors * halfCols; i += tileThreads) {
			int v = i / halfCols, k = i % halfCols;
			bool there = first + v < n && k0 + k < cols;
			inputs[v][k] = toHalf(there ? saturated(x[size_t(first + v) * ldx + k0 + k]) : 0);
		}
	}
};

template <class Format>
__device__ inline void productHalf(float *dst, int ldd, const uint8_t *w, const float *x, int ldx, int rows, int cols, int n) {
	constexpr int across = 2, along = 4; // fragments of a warp: rows and vectors
	__shared__ HalfTile<Format> tile;
	int row0 = blockIdx.y * tileRows, first = blockIdx.x * tileVectors;
	int warp = threadIdx.x / warpLanes, lane = threadIdx.x % warpLanes;
	int warpRow = warp % 4 * 32, warpVector = warp / 4 * 32;
	float sum[across][along][4] = {};
	for (int k0 = 0; k0 < cols; k0 += halfCols) {
		__syncthreads(); // the columns before were multiplied
		tile.readWeights(w, row0, rows, k0, cols);
		tile.readInputs(x, ldx, first, n, k0, cols);
		__syncthreads();
#pragma unroll
		for (int k = 0; k < halfCols; k += 16) {
			uint32_t a[across][4], b[along / 2][4];
#pragma unroll
			for (int j = 0; j < across; j++) {
				loadMatrices<true>(a[j], &tile.weights[k + lane / 16 * 8 + lane % 8][warpRow + 16 * j + lane / 8 % 2 * 8]);
			}
#pragma unroll
			for (int i = 0; i < along / 2; i++) {
				loadMatrices<false>(b[i], &tile.inputs[warpVector + 16 * i + lane / 16 * 8 + lane % 8][k + lane / 8 % 2 * 8]);
			}
#pragma unroll
			for (int i = 0; i < along; i++) {
#pragma unroll
				for (int j = 0; j < across; j++) mmaHalf(sum[j][i], a[j], b[i / 2] + i % 2 * 2);
			}
		}
	}
	putTile(dst, ldd, sum, row0 + warpRow + lane / 4, first + warpVector + lane % 4 * 2, rows, n);
}

#define HALF_PRODUCT(F)                                                                                                 \
	KERNEL productTile_##F(float *dst, int ldd, const uint8_t *w, const float *x, int ldx, int rows, int cols, int n) { \
		productHalf<F>(dst, ldd, w, x, ldx, rows, cols, n);                                                             \
	}
#define HALF_FORMATS(each) each(F16) each(BF16)
HALF_FORMATS(HALF_PRODUCT)
