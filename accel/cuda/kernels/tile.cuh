// Products of packed integer weights with many vectors, on tensor cores: each
// block of threads computes the products of 128 rows with 64 vectors. It brings
// 128 columns of both into shared memory at a time, weights in plain form, and
// its warps, 4 x 2 of them, multiply 32 rows with 32 vectors each.
#pragma once
#include "matmul.cuh"

constexpr int tileRows = 128, tileVectors = 64, tileCols = 128, tileThreads = 256;
// Words of a row in shared memory: 4 more than it has, so that 8 rows x 4 words
// lie in different banks.
constexpr int tileStride = tileCols / 4 + 4;

// Tile is what a block of threads works on. Rows, vectors and columns past the
// edge are zeros.
template <class Format> struct Tile {
	static constexpr int groups = tileCols / Format::group;
	alignas(16) uint32_t weights[tileRows][tileStride]; // 4 columns a word
	alignas(16) uint32_t inputs[tileVectors][tileStride];
	float scale[groups][tileRows], least[groups][tileRows];
	float step[tileCols / 32][tileVectors]; // the scale of 32 columns of a vector
	int total[groups][tileVectors];         // the sum of a group of columns of it

	// readWeights fills in the columns from k on, of the rows from row0 on.
	__device__ void readWeights(const uint8_t *w, int row0, int rows, int k0, int cols) {
		constexpr int span = Format::span, group = Format::group, words = span / 4;
		for (int i = threadIdx.x; i < tileRows * (tileCols / span); i += tileThreads) {
			int row = i % tileRows, part = i / tileRows, k = k0 + part * span;
			alignas(16) uint32_t q[words] = {};
			float s[span / group] = {}, l[span / group] = {};
			if (row0 + row / blockRows * blockRows < rows && k < cols) {
				const uint8_t *block = rowBlock<Format>(w, (row0 + row) / blockRows, cols);
				const uint8_t *unit = block + size_t(k / Format::vals) * Format::bytes * blockRows;
				Format::read(unit, row % blockRows, k % Format::vals / span, q, s, l);
			}
#pragma unroll
			for (int j = 0; j < words; j += 4) {
				*reinterpret_cast<uint4 *>(&weights[row][part * words + j]) = *reinterpret_cast<uint4 *>(&q[j]);
			}
#pragma unroll
			for (int g = 0; g < span / group; g++) {
				scale[part * (span / group) + g][row] = s[g];
				least[part * (span / group) + g][row] = l[g];
			}
		}
	}

	// readInputs does so for vectors; see quantise for their form.
	__device__ void readInputs(const int8_t *q, const float *d, const int *sums, int first, int n, int k0, int cols) {
		constexpr int quads = tileCols / 16;
		for (int i = threadIdx.x; i < tileVectors * quads; i += tileThreads) {
			int v = i / quads, k = k0 + i % quads * 16;
			uint4 codes = {};
			if (first + v < n && k < cols) codes = *reinterpret_cast<const uint4 *>(q + size_t(first + v) * cols + k);
			*reinterpret_cast<uint4 *>(&inputs[v][i % quads * 4]) = codes;
		}
		for (int i = threadIdx.x; i < tileVectors * (tileCols / 32); i += tileThreads) {
			int v = i / (tileCols / 32), b = i % (tileCols / 32), k = k0 + b * 32;
			step[b][v] = first + v < n && k < cols ? d[(size_t(first + v) * cols + k) / 32] : 0;
		}
		for (int i = threadIdx.x; i < tileVectors * groups; i += tileThreads) {
			int v = i / groups, g = i % groups, k = k0 + g * Format::group, t = 0;
			if (first + v < n && k < cols) {
#pragma unroll
				for (int j = 0; j < Format::group / 16; j++) t += sums[(size_t(first + v) * cols + k) / 16 + j];
			}
			total[g][v] = t;
		}
	}
};

// putTile writes fragments of a lane whose first value is of row row0 and vector
// first.
template <int across, int along>
__device__ inline void putTile(float *dst, int ldd, float (&sum)[across][along][4], int row0, int first, int rows, int n) {
#pragma unroll
	for (int i = 0; i < along; i++) {
#pragma unroll
		for (int j = 0; j < across; j++) {
#pragma unroll
			for (int c = 0; c < 4; c++) {
				int row = row0 + 16 * j + c / 2 * 8, v = first + 8 * i + c % 2;
				if (row < rows && v < n) dst[size_t(v) * ldd + row] = sum[j][i][c];
			}
		}
	}
}

// productTile computes a block of dst. blockIdx.x counts groups of vectors, so
// that blocks which run together share weights; blockIdx.y groups of rows.
//
// Of a fragment of 16 rows x 8 vectors, a lane holds rows lane/4 and lane/4+8,
// vectors 2·(lane%4) and the next: see mma16x8x32.
template <class Format>
__device__ inline void productTile(float *dst, int ldd, const uint8_t *w, const int8_t *q, const float *d, const int *sums,
                                   int rows, int cols, int n) {
	constexpr int group = Format::group, across = 2, along = 4; // fragments of a warp: rows and vectors
	__shared__ Tile<Format> tile;
	int row0 = blockIdx.y * tileRows, first = blockIdx.x * tileVectors;
	int warp = threadIdx.x / warpLanes, lane = threadIdx.x % warpLanes;
	int warpRow = warp % 4 * 32 + lane / 4, warpVector = warp / 4 * 32;
	float sum[across][along][4] = {};
	for (int k0 = 0; k0 < cols; k0 += tileCols) {
		__syncthreads(); // the columns before were multiplied
		tile.readWeights(w, row0, rows, k0, cols);
		tile.readInputs(q, d, sums, first, n, k0, cols);
		__syncthreads();
#pragma unroll 1
		for (int g = 0; g < tileCols / group; g++) {
			int at = g * group / 4 + lane % 4;
			int a[across][4], b[along][2];
#pragma unroll
			for (int i = 0; i < across; i++) {
#pragma unroll
				for (int j = 0; j < group / 8; j++) a[i][j] = tile.weights[warpRow + 16 * i + j % 2 * 8][at + j / 2 * 4];
			}
#pragma unroll
			for (int i = 0; i < along; i++) {
#pragma unroll
				for (int j = 0; j < group / 16; j++) b[i][j] = tile.inputs[warpVector + 8 * i + lane / 4][at + j * 4];
			}
#pragma unroll
			for (int i = 0; i < along; i++) {
				int v = warpVector + 8 * i + lane % 4 * 2;
				float step[2] = {tile.step[g * group / 32][v], tile.step[g * group / 32][v + 1]};
				int total[2] = {tile.total[g][v], tile.total[g][v + 1]};
#pragma unroll
				for (int j = 0; j < across; j++) {
					int dot[4] = {};
					if (group == 32) {
						mma16x8x32(dot, a[j], b[i]);
					} else {
						mma16x8x16(dot, a[j], b[i][0]);
					}
#pragma unroll
					for (int c = 0; c < 4; c++) {
						int row = warpRow + 16 * j + c / 2 * 8;
						sum[j][i][c] += step[c % 2] * (tile.scale[g][row] * dot[c] - tile.least[g][row] * total[c % 2]);
					}
				}
			}
		}
	}
	putTile(dst, ldd, sum, row0 + warpRow, first + warpVector + lane % 4 * 2, rows, n);
}

#define TILE_PRODUCT(F)                                                                                             \
	KERNEL productTile_##F(float *dst, int ldd, const uint8_t *w, const int8_t *q, const float *d, const int *sums, \
	                       int rows, int cols, int n) {                                                             \
		productTile<F>(dst, ldd, w, q, d, sums, rows, cols, n);                                                     \
	}
INTEGER_FORMATS(TILE_PRODUCT)
