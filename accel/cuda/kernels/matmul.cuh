// Products of packed weights with activations: dst[t][r] = Σ_k W[r][k]·x[t][k].
#pragma once
#include "format.cuh"
#include "row.cuh"

// Activations for integer weights, [n][cols] row by row. Three arrays, the
// shorter ones side by side with the first:
//
//	q    int8   [n][cols]     x/d
//	d    float  [n][cols/32]  max|x|/127 of 32 columns
//	sum  int32  [n][cols/16]  Σq of 16 columns, for formats with a least value
//
// A warp quantises 32 columns: quantise32 writes what its lanes hold, the first
// of which is value `at - lane` of [n][cols].
__device__ inline void quantise32(int8_t *q, float *d, int *sum, size_t at, float v) {
	float peak = __uint_as_float(warpPeak(v));
	bool nothing = peak < 1e-30f;
	float inverse = nothing ? 0 : 127 / peak;
	// What is not a number becomes -127; the scale, not one either, shows it.
	int code = int(rintf(fmaxf(fminf(v * inverse, 127), -127)));
	int total = code;
	for (int lanes = 8; lanes > 0; lanes /= 2) total += __shfl_xor_sync(everyLane, total, lanes);
	q[at] = code;
	if (at % 16 == 0) sum[at / 16] = total;
	if (at % 32 == 0) d[at / 32] = nothing ? 0 : peak / 127;
}

// quantise takes rows that are ldx apart.
KERNEL quantise(int8_t *q, float *d, int *sum, const float *x, int ldx, int cols, size_t n) {
	size_t i = valueIndex();
	if (i < n) quantise32(q, d, sum, i, x[i / cols * ldx + i % cols]);
}

// Outcome is where values go and, unless that is null, their quantised form;
// those of a warp are then 32 columns.
struct Outcome {
	float *dst;
	int8_t *q;
	float *d;
	int *sum;

	__device__ void put(size_t at, float v) const {
		dst[at] = v;
		if (q) quantise32(q, d, sum, at, v);
	}

	// from begins at a value whose place is a multiple of 32.
	__device__ Outcome from(size_t at) const { return q ? Outcome{dst + at, q + at, d + at / 32, sum + at / 16} : Outcome{dst + at}; }
};

// normaliseRow puts x / rms(x) · w, the work of a block of threads.
__device__ inline void normaliseRow(const Outcome &out, const float *x, const float *w, int cols, float eps) {
	float s = rmsScale(x, cols, eps);
	for (int i = threadIdx.x; i < cols; i += blockDim.x) out.put(i, x[i] * s * (w ? w[i] : 1));
}

// What makes an input often quantises it on the way. cols is a multiple of 32.

KERNEL rmsNormQuantise(float *dst, const float *x, const float *w, int cols, float eps, int8_t *q, float *d, int *sum) {
	size_t row = size_t(blockIdx.x) * cols;
	normaliseRow(Outcome{dst, q, d, sum}.from(row), x + row, w, cols, eps);
}

KERNEL gatherRowsQuantise(float *dst, const float *x, const int *row, int cols, size_t n, int8_t *q, float *d, int *sum) {
	size_t i = valueIndex();
	if (i < n) Outcome{dst, q, d, sum}.put(i, x[size_t(row[i / cols]) * cols + i % cols]);
}

KERNEL gluQuantise(float *gate, const float *up, int act, size_t n, int8_t *q, float *d, int *sum) {
	size_t i = valueIndex();
	if (i < n) Outcome{gate, q, d, sum}.put(i, gated(act, gate[i], up[i]));
}

constexpr int productThreads = 256, productParts = productThreads / blockRows;

// sumInt adds up what one thread multiplies of N vectors, n of which there are,
// with the weights of its row of a block of 16: every productParts-th span of
// columns.
template <class Format, int N>
__device__ inline void sumInt(float (&sum)[N], const uint8_t *w, const int8_t *q, const float *d, const int *sums, int cols, int n) {
	constexpr int span = Format::span, group = Format::group;
	int row = threadIdx.x % blockRows;
	for (int k = threadIdx.x / blockRows * span; k < cols; k += productParts * span) {
		uint32_t weights[span / 4];
		float scale[span / group], least[span / group];
		Format::read(w + size_t(k / Format::vals) * Format::bytes * blockRows, row, k % Format::vals / span, weights, scale, least);
#pragma unroll
		for (int c = 0; c < N; c++) {
			if (c >= n) break;
			size_t at = size_t(c) * cols + k;
			alignas(16) int x[span / 4];
#pragma unroll
			for (int i = 0; i < span / 16; i++) reinterpret_cast<uint4 *>(x)[i] = reinterpret_cast<const uint4 *>(q + at)[i];
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
}

// sumFloat is the same for float weights, which read x as it is.
template <class Format, int N>
__device__ inline void sumFloat(float (&sum)[N], const uint8_t *w, const float *x, int ldx, int cols, int n) {
	for (int k = threadIdx.x / blockRows; k < cols; k += productParts) {
		float weight = Format::read(w + size_t(k) * Format::bytes * blockRows, threadIdx.x % blockRows);
#pragma unroll
		for (int c = 0; c < N; c++) {
			if (c < n) sum[c] = fmaf(weight, x[size_t(c) * ldx + k], sum[c]);
		}
	}
}

// gather adds the sums of all threads with the same row; thread i < 16·N
// returns row i%16 of vector i/16.
template <int N> __device__ inline float gather(float (&sum)[N]) {
	__shared__ float parts[N][productThreads / warpLanes][blockRows];
	int lane = threadIdx.x % warpLanes;
#pragma unroll
	for (int c = 0; c < N; c++) {
		sum[c] += __shfl_xor_sync(everyLane, sum[c], blockRows);
		if (lane < blockRows) parts[c][threadIdx.x / warpLanes][lane] = sum[c];
	}
	__syncthreads();
	int c = threadIdx.x / blockRows;
	float s = 0;
	for (int i = 0; c < N && i < productThreads / warpLanes; i++) s += parts[c][i][threadIdx.x % blockRows];
	return s;
}

// Part is one of up to three weights that a vector is multiplied with, and the
// block of its rows that a block of threads works on; the blocks of all parts
// follow each other in the grid. Fields are chosen, not indexed, so that they
// stay in registers.
struct Part {
	float *dst;
	const uint8_t *w;
	int rows;
	const float *bias; // (rows), or null
	int block;

	__device__ int blocks() const { return (rows + blockRows - 1) / blockRows; }
};

__device__ inline Part partOf(Part a, Part b, Part c) {
	a.block = blockIdx.x;
	if (a.block < a.blocks()) return a;
	b.block = a.block - a.blocks();
	if (b.block < b.blocks()) return b;
	c.block = b.block - b.blocks();
	return c;
}

// makeGate is gate = act(gate) · up for the 32 rows that a block of rows is among,
// in the last of the four blocks of threads that make them; come has a counter for
// each 32.
__device__ inline void makeGate(const Outcome &gate, const float *up, int act, unsigned *come, int block) {
	int group = block * blockRows / warpLanes, row = group * warpLanes + threadIdx.x;
	if (lastOf(come + group, 2 * warpLanes / blockRows) && threadIdx.x < warpLanes) gate.put(row, gated(act, gate.dst[row], up[row]));
}

// Tail is what a product of one vector does with the rows it has made: on its
// way or, where that takes more than a block of threads has, in the last block
// that comes by. Nothing of it is done where it is null.
struct Tail {
	enum Step { gate = 1, normaliseFirst = 2, normalise = 4 };

	float *to;      // the same row of it takes the sum
	unsigned *come; // counts blocks: one, or one for 32 rows of a gate
	int steps, act;

	// normaliseFirst: what is added to `to` is dst / rms(dst) · wFirst.
	const float *wFirst;
	float epsFirst;
	// normalise: to / rms(to) · w is the outcome. That of a gate goes to the gate.
	const float *w;
	float eps;
	Outcome out;

	__device__ void put(const Part &p, float v) const {
		int row = p.block * blockRows + threadIdx.x;
		if (threadIdx.x >= blockRows || row >= p.rows) return;
		if (p.bias) v += p.bias[row];
		p.dst[row] = v;
		if (to && !(steps & normaliseFirst)) to[row] += v;
	}

	// follow works on the rows of a and b, the first parts; the block of threads
	// has put its own, of block `block` of one of them.
	__device__ void follow(const Part &a, const Part &b, int block) const {
		if (steps & gate) {
			makeGate({a.dst, out.q, out.d, out.sum}, b.dst, act, come, block);
		} else if (steps && lastOf(come, gridDim.x)) {
			wholeRow(a.dst, a.rows);
		}
	}

	__device__ void wholeRow(float *dst, int rows) const {
		if (steps & normaliseFirst) {
			float s = rmsScale(dst, rows, epsFirst);
			for (int i = threadIdx.x; i < rows; i += blockDim.x) {
				float v = dst[i] * s * (wFirst ? wFirst[i] : 1);
				dst[i] = v;
				if (to) to[i] += v;
			}
		}
		if (steps & normalise) normaliseRow(out, to, w, rows, eps); // a thread has the same rows as before
	}
};

// product1 multiplies one vector, product8 groups of eight. The blocks of
// threads that run together share weights: blockIdx.x counts groups of
// vectors, blockIdx.y the blocks of rows.
template <class Format> __device__ inline float row1Int(const Part &p, const int8_t *q, const float *d, const int *sums, int cols) {
	float sum[1] = {};
	sumInt<Format>(sum, rowBlock<Format>(p.w, p.block, cols), q, d, sums, cols, 1);
	return gather(sum);
}

template <class Format> __device__ inline float row1Float(const Part &p, const float *x, int cols) {
	float sum[1] = {};
	sumFloat<Format>(sum, rowBlock<Format>(p.w, p.block, cols), x, 0, cols, 1);
	return gather(sum);
}

constexpr int few = 8;

__device__ inline void putFew(float *dst, int ldd, int first, int rows, int n, float v) {
	int c = threadIdx.x / blockRows, row = blockIdx.y * blockRows + threadIdx.x % blockRows;
	if (c < n && row < rows) dst[size_t(first + c) * ldd + row] = v;
}

template <class Format>
__device__ inline void product8Int(float *dst, int ldd, const uint8_t *w, const int8_t *q, const float *d, const int *sums,
                                   int rows, int cols, int n) {
	int first = blockIdx.x * few;
	size_t at = size_t(first) * cols;
	float sum[few] = {};
	n = min(n - first, few);
	sumInt<Format>(sum, rowBlock<Format>(w, blockIdx.y, cols), q + at, d + at / 32, sums + at / 16, cols, n);
	putFew(dst, ldd, first, rows, n, gather(sum));
}

template <class Format>
__device__ inline void product8Float(float *dst, int ldd, const uint8_t *w, const float *x, int ldx, int rows, int cols, int n) {
	int first = blockIdx.x * few;
	float sum[few] = {};
	n = min(n - first, few);
	sumFloat<Format>(sum, rowBlock<Format>(w, blockIdx.y, cols), x + size_t(first) * ldx, ldx, cols, n);
	putFew(dst, ldd, first, rows, n, gather(sum));
}

#define PARTS                                                                                                       \
	float *dst0, const uint8_t *w0, int rows0, const float *bias0, float *dst1, const uint8_t *w1, int rows1,        \
	    const float *bias1, float *dst2, const uint8_t *w2, int rows2, const float *bias2
#define TAIL                                                                                                        \
	float *to, unsigned *come, int steps, int act, const float *wFirst, float epsFirst, const float *w, float eps,      \
	    float *normal, int8_t *qOut, float *dOut, int *sumOut
#define PRODUCT1(row1)                                                                                              \
	Part a = {dst0, w0, rows0, bias0}, b = {dst1, w1, rows1, bias1}, p = partOf(a, b, {dst2, w2, rows2, bias2});     \
	Tail tail = {to, come, steps, act, wFirst, epsFirst, w, eps, {normal, qOut, dOut, sumOut}};                      \
	tail.put(p, row1);                                                                                              \
	tail.follow(a, b, p.block)

#define INTEGER_PRODUCT(F)                                                                                       \
	KERNEL product1_##F(PARTS, TAIL, const int8_t *q, const float *d, const int *sums, int cols) {               \
		PRODUCT1(row1Int<F>(p, q, d, sums, cols));                                                               \
	}                                                                                                            \
	KERNEL product8_##F(float *dst, int ldd, const uint8_t *w, const int8_t *q, const float *d, const int *sums, \
	                    int rows, int cols, int n) {                                                             \
		product8Int<F>(dst, ldd, w, q, d, sums, rows, cols, n);                                                  \
	}
INTEGER_FORMATS(INTEGER_PRODUCT)

#define FLOAT_PRODUCT(F)                                                                                             \
	KERNEL product1_##F(PARTS, TAIL, const float *x, int cols) { PRODUCT1(row1Float<F>(p, x, cols)); }               \
	KERNEL product8_##F(float *dst, int ldd, const uint8_t *w, const float *x, int ldx, int rows, int cols, int n) { \
		product8Float<F>(dst, ldd, w, x, ldx, rows, cols, n);                                                        \
	}
FLOAT_FORMATS(FLOAT_PRODUCT)
