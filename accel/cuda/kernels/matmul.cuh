// Products of packed weights with activations: dst[t][r] = Σ_k W[r][k]·x[t][k].
#pragma once
#include "format.cuh"

// Activations for integer weights, [n][cols] row by row. Three arrays, the
// shorter ones side by side with the first:
//
//	q    int8   [n][cols]     x/d
//	d    float  [n][cols/32]  max|x|/127 of 32 columns
//	sum  int32  [n][cols/16]  Σq of 16 columns, for formats with a least value
//
// One warp quantises 32 columns; blocks of 256 threads.
KERNEL quantise(int8_t *q, float *d, int *sum, const float *x, int ldx, int cols, int n) {
	int block = blockIdx.x * (blockDim.x / warpLanes) + threadIdx.x / warpLanes, lane = threadIdx.x % warpLanes;
	int perRow = cols / 32;
	if (block >= perRow * n) return;
	int t = block / perRow, k = block % perRow * 32 + lane;
	float v = x[size_t(t) * ldx + k];
	float peak = __uint_as_float(warpPeak(v));
	bool nothing = peak < 1e-30f;
	float inverse = nothing ? 0 : 127 / peak;
	// What is not a number becomes -127; the scale, not one either, shows it.
	int code = int(rintf(fmaxf(fminf(v * inverse, 127), -127)));
	int total = code;
	for (int lanes = 8; lanes > 0; lanes /= 2) total += __shfl_xor_sync(everyLane, total, lanes);
	q[size_t(t) * cols + k] = code;
	if (lane % 16 == 0) sum[(size_t(t) * cols + k) / 16] = total;
	if (lane == 0) d[block] = nothing ? 0 : peak / 127;
}

constexpr int productThreads = 256, productParts = productThreads / blockRows;

// gather adds the sums of all parts of 16 rows and writes them for up to N
// vectors.
template <int N>
__device__ inline void gatherParts(float *dst, int ldd, float (&sum)[N], int row0, int rows, int n) {
	__shared__ float parts[N][productThreads / warpLanes][blockRows];
	int lane = threadIdx.x % warpLanes;
#pragma unroll
	for (int c = 0; c < N; c++) {
		sum[c] += __shfl_xor_sync(everyLane, sum[c], blockRows);
		if (lane < blockRows) parts[c][threadIdx.x / warpLanes][lane] = sum[c];
	}
	__syncthreads();
	int c = threadIdx.x / blockRows, row = threadIdx.x % blockRows;
	if (c >= n || row0 + row >= rows) return;
	float s = 0;
	for (int i = 0; i < productThreads / warpLanes; i++) s += parts[c][i][row];
	dst[size_t(c) * ldd + row0 + row] = s;
}

// productInt multiplies 16 rows with N vectors. blockIdx.x counts the groups of
// vectors, so that blocks which run together share weights; blockIdx.y the
// blocks of rows.
template <class Format, int N>
__device__ inline void productInt(float *dst, int ldd, const uint8_t *w, const int8_t *q, const float *d, const int *sums,
                                  int rows, int cols, int n) {
	constexpr int span = Format::span, group = Format::group;
	int row = threadIdx.x % blockRows, first = blockIdx.x * N;
	n = min(n - first, N);
	w += size_t(blockIdx.y) * (cols / Format::vals) * Format::bytes * blockRows;
	float sum[N] = {};
	for (int k = threadIdx.x / blockRows * span; k < cols; k += productParts * span) {
		uint32_t weights[span / 4];
		float scale[span / group], least[span / group];
		const uint8_t *unit = w + size_t(k / Format::vals) * Format::bytes * blockRows;
		Format::read(unit, row, k % Format::vals / span, weights, scale, least);
#pragma unroll
		for (int c = 0; c < N; c++) {
			if (c >= n) break;
			size_t at = size_t(first + c) * cols + k;
			const int *x = reinterpret_cast<const int *>(q + at);
#pragma unroll
			for (int g = 0; g < span / group; g++) {
				int dot = 0, total = 0;
#pragma unroll
				for (int i = 0; i < group / 4; i++) dot = dot4(weights[group / 4 * g + i], x[group / 4 * g + i], dot);
#pragma unroll
				for (int i = 0; i < group / 16; i++) total += sums[at / 16 + group / 16 * g + i];
				sum[c] += d[(at + group * g) / 32] * (scale[g] * dot - least[g] * total);
			}
		}
	}
	gatherParts(dst + size_t(first) * ldd, ldd, sum, blockIdx.y * blockRows, rows, n);
}

// productFloat is the same for float weights, which read x as it is.
template <class Format, int N>
__device__ inline void productFloat(float *dst, int ldd, const uint8_t *w, const float *x, int ldx, int rows, int cols, int n) {
	int row = threadIdx.x % blockRows, first = blockIdx.x * N;
	n = min(n - first, N);
	w += size_t(blockIdx.y) * cols * Format::bytes * blockRows;
	float sum[N] = {};
	for (int k = threadIdx.x / blockRows; k < cols; k += productParts) {
		float weight = Format::read(w + size_t(k) * Format::bytes * blockRows, row);
#pragma unroll
		for (int c = 0; c < N; c++) {
			if (c < n) sum[c] = fmaf(weight, x[size_t(first + c) * ldx + k], sum[c]);
		}
	}
	gatherParts(dst + size_t(first) * ldd, ldd, sum, blockIdx.y * blockRows, rows, n);
}

// Kernels for one vector and for groups of eight.
#define INTEGER_PRODUCT(F)                                                                                       \
	KERNEL product1_##F(float *dst, int ldd, const uint8_t *w, const int8_t *q, const float *d, const int *sums, \
	                    int rows, int cols, int n) {                                                             \
		productInt<F, 1>(dst, ldd, w, q, d, sums, rows, cols, n);                                                \
	}                                                                                                            \
	KERNEL product8_##F(float *dst, int ldd, const uint8_t *w, const int8_t *q, const float *d, const int *sums, \
	                    int rows, int cols, int n) {                                                             \
		productInt<F, 8>(dst, ldd, w, q, d, sums, rows, cols, n);                                                \
	}
INTEGER_FORMATS(INTEGER_PRODUCT)

#define FLOAT_PRODUCT(F)                                                                                        \
	KERNEL product1_##F(float *dst, int ldd, const uint8_t *w, const float *x, int ldx, int rows, int cols, int n) { \
		productFloat<F, 1>(dst, ldd, w, x, ldx, rows, cols, n);                                                 \
	}                                                                                                           \
	KERNEL product8_##F(float *dst, int ldd, const uint8_t *w, const float *x, int ldx, int rows, int cols, int n) { \
		productFloat<F, 8>(dst, ldd, w, x, ldx, rows, cols, n);                                                 \
	}
FLOAT_FORMATS(FLOAT_PRODUCT)
