// Attention of many queries on tensor cores (arXiv 2205.14135), over keys and
// values of halves: a block of threads attends for 64 rows of one KV head, a
// warp for 16 of them, and takes 32 positions at a time into shared memory.
// Scores stay in registers; their softmax is brought up to date as they come.
//
// Of a fragment of 16 rows x 8 columns, a lane holds rows lane/4 and lane/4 + 8,
// columns 2·(lane%4) and the next.
#pragma once
#include "attention.cuh"
#include "half.cuh"

constexpr int flashRows = 64, flashThreads = 128, flashKeys = lanes;

// Strides of rows in shared memory, in halves: 16 bytes more than a row has, so
// that 8 rows lie in different banks.
constexpr int keyStride = flashKeys + 8;
__device__ inline int flashPadded(int dk) { return (dk + 15) / 16 * 16; }

// Staged brings the keys and values of 32 positions into shared memory.
template <class T> struct Staged;

template <> struct Staged<KVF16> {
	__device__ static void keys(uint16_t *to, const uint8_t *group, int dk) {
		const uint4 *from = reinterpret_cast<const uint4 *>(group);
		for (int i = threadIdx.x; i < dk * 4; i += flashThreads) {
			*reinterpret_cast<uint4 *>(to + i / 4 * keyStride + i % 4 * 8) = from[i];
		}
	}
	__device__ static void values(uint16_t *to, int stride, const uint8_t *panels, int n, int at, int positions) {
		for (int i = threadIdx.x; i < n * flashKeys * 4; i += flashThreads) {
			int panel = i / (flashKeys * 4), p = i / 4 % flashKeys;
			uint4 v = {};
			if (p < positions) v = reinterpret_cast<const uint4 *>(panels + panel * KVF16::panelBytes())[(at + p) * 4 + i % 4];
			*reinterpret_cast<uint4 *>(to + p * stride + panel * lanes + i % 4 * 8) = v;
		}
	}
};

template <> struct Staged<KVQ8> {
	__device__ static void keys(uint16_t *to, const uint8_t *group, int dk) {
		const uint16_t *scales = reinterpret_cast<const uint16_t *>(group + KVQ8::padded(dk) * lanes);
		for (int i = threadIdx.x; i < KVQ8::padded(dk) / 4 * lanes; i += flashThreads) {
			uint32_t codes = reinterpret_cast<const uint32_t *>(group)[i];
			int d = i / lanes * 4, p = i % lanes;
			float scale = fromHalf(scales[d / 32 * lanes + p]);
#pragma unroll
			for (int j = 0; j < 4; j++) to[(d + j) * keyStride + p] = toHalf(scale * (int(codes >> (8 * j) & 255) - 128));
		}
	}
	__device__ static void values(uint16_t *to, int stride, const uint8_t *panels, int n, int at, int positions) {
		for (int i = threadIdx.x; i < n * flashKeys * 8; i += flashThreads) {
			int panel = i / (flashKeys * 8), p = i / 8 % flashKeys;
			const uint8_t *from = panels + panel * KVQ8::panelBytes();
			uint32_t codes = reinterpret_cast<const uint32_t *>(from)[(at + p) * 8 + i % 8];
			float scale = p < positions ? fromHalf(reinterpret_cast<const uint16_t *>(from + blockLen * lanes)[at + p]) : 0;
			uint32_t *words = reinterpret_cast<uint32_t *>(to + p * stride + panel * lanes + i % 8 * 4);
			words[0] = halves(scale * int8_t(codes), scale * int8_t(codes >> 8));
			words[1] = halves(scale * int8_t(codes >> 16), scale * int8_t(codes >> 24));
		}
	}
};

// Softmax is that of one row as far as it is known, in powers of two: a lane has
// the sum of its own columns.
struct Softmax {
	float peak, sum;

	// extend takes a higher peak in, and returns what earlier weights count now.
	__device__ float extend(float top) {
		for (int lanes = 1; lanes < 4; lanes *= 2) top = fmaxf(top, __shfl_xor_sync(everyLane, top, lanes));
		top = fmaxf(top, peak);
		float factor = top > -INFINITY ? exp2f(peak - top) : 1;
		peak = top;
		sum *= factor;
		return factor;
	}
	__device__ float weigh(float score) {
		float w = peak > -INFINITY ? exp2f(score - peak) : 0;
		sum += w;
		return w;
	}
	__device__ float inverse() {
		float all = sum;
		for (int lanes = 1; lanes < 4; lanes *= 2) all += __shfl_xor_sync(everyLane, all, lanes);
		return all > 0 ? 1 / all : 0;
	}
};

// flash is attend for values of up to 32·panels dimensions. The grid is (tiles
// of rows, KV heads). Shared memory, in halves: flashRows·(padded dk + 8) +
// padded dk·keyStride + flashKeys·(32·panels + 8).
template <class T, int panels>
__device__ inline void flash(float *dst, const float *q, const Cache &c, const float *sinks, const Queries &s, float scale,
                             float cap) {
	constexpr float log2e = 1.44269504f;
	constexpr int valueStride = panels * lanes + 8, tiles = panels * lanes / 8;
	int dk = flashPadded(c.dk), queryStride = dk + 8, used = panelsOf(c.dv);
	uint16_t *queries = reinterpret_cast<uint16_t *>(dynamicShared()), *keys = queries + flashRows * queryStride;
	uint16_t *values = keys + dk * keyStride;
	int warp = threadIdx.x / warpLanes, lane = threadIdx.x % warpLanes, kvHead = blockIdx.y;
	// The last rows see most: they begin first.
	int row0 = (gridDim.x - 1 - blockIdx.x) * flashRows, rows = min(flashRows, s.n * s.group - row0);

	for (int i = threadIdx.x; i < flashRows * dk; i += flashThreads) {
		int r = row0 + i / dk, d = i % dk;
		size_t at = (size_t(r / s.group) * s.heads + kvHead) * s.group + r % s.group;
		float v = i / dk < rows && d < c.dk ? q[at * c.dk + d] : 0;
		queries[i / dk * queryStride + d] = toHalf(saturated(v));
	}
	for (int i = threadIdx.x; i < (dk - c.dk) * keyStride; i += flashThreads) keys[c.dk * keyStride + i] = 0;

	Softmax softmax[2];
	int row[2], from[2], to[2]; // of this lane; the positions that a row sees
	for (int i = 0; i < 2; i++) {
		row[i] = row0 + 16 * warp + lane / 4 + 8 * i;
		bool there = row[i] < s.n * s.group;
		to[i] = there ? s.pos + row[i] / s.group + 1 : c.first;
		from[i] = s.window > 0 ? to[i] - s.window : c.first;
		bool sink = sinks && there;
		softmax[i] = {sink ? sinks[kvHead * s.group + row[i] % s.group] * log2e : -INFINITY, sink && lane % 4 == 0 ? 1.f : 0.f};
	}
	int lo = c.first, hi = s.pos + (row0 + rows - 1) / s.group + 1; // seen by any row
	if (s.window > 0) lo = max(lo, s.pos + row0 / s.group + 1 - s.window);
	float out[tiles][4] = {};

	for (int base = c.first + (lo - c.first) / flashKeys * flashKeys; base < hi; base += flashKeys) {
		int at = (base - c.first) % blockLen;
		const uint8_t *head = c.blocks[(base - c.first) / blockLen] + kvHead * headBytes<T>(c.dk, c.dv);
		__syncthreads(); // the positions before were read
		Staged<T>::keys(keys, head + at / lanes * T::groupBytes(c.dk), c.dk);
		Staged<T>::values(values, valueStride, head + groups * T::groupBytes(c.dk), used, at, hi - base);
		__syncthreads();

		float score[flashKeys / 8][4] = {};
		for (int k = 0; k < dk; k += 16) {
			uint32_t a[4], b[4];
			loadMatrices<false>(a, queries + (16 * warp + lane % 16) * queryStride + k + lane / 16 * 8);
#pragma unroll
			for (int j = 0; j < flashKeys / 16; j++) {
				loadMatrices<true>(b, keys + (k + lane % 16) * keyStride + 16 * j + lane / 16 * 8);
				mmaHalf(score[2 * j], a, b);
				mmaHalf(score[2 * j + 1], a, b + 2);
			}
		}
		float top[2] = {-INFINITY, -INFINITY};
#pragma unroll
		for (int j = 0; j < flashKeys / 8; j++) {
#pragma unroll
			for (int i = 0; i < 4; i++) {
				int p = base + 8 * j + lane % 4 * 2 + i % 2;
				float v = score[j][i] * scale;
				if (cap > 0) v = cap * tanhf(v / cap);
				score[j][i] = p >= from[i / 2] && p < to[i / 2] ? v * log2e : -INFINITY;
				top[i / 2] = fmaxf(top[i / 2], score[j][i]);
			}
		}
		float factor[2] = {softmax[0].extend(top[0]), softmax[1].extend(top[1])};
#pragma unroll
		for (int t = 0; t < tiles; t++) {
#pragma unroll
			for (int i = 0; i < 4; i++) out[t][i] *= factor[i / 2];
		}
#pragma unroll
		for (int j = 0; j < flashKeys / 16; j++) {
			uint32_t a[4], b[4]; // weights of 16 positions
#pragma unroll
			for (int i = 0; i < 4; i++) {
				const float *two = score[2 * j + i / 2] + i % 2 * 2;
				float first = softmax[i % 2].weigh(two[0]);
				a[i] = halves(first, softmax[i % 2].weigh(two[1]));
			}
#pragma unroll
			for (int t = 0; t < tiles; t += 2) {
				if (t * 8 >= used * lanes) break;
				loadMatrices<true>(b, values + (16 * j + lane % 16) * valueStride + 8 * t + lane / 16 * 8);
				mmaHalf(out[t], a, b);
				mmaHalf(out[t + 1], a, b + 2);
			}
		}
	}
	float inverse[2] = {softmax[0].inverse(), softmax[1].inverse()};
#pragma unroll
	for (int t = 0; t < tiles; t++) {
#pragma unroll
		for (int i = 0; i < 4; i++) {
			int r = row[i / 2], d = 8 * t + lane % 4 * 2 + i % 2;
			if (r >= s.n * s.group || d >= c.dv) continue;
			size_t index = (size_t(r / s.group) * s.heads + kvHead) * s.group + r % s.group;
			dst[index * c.dv + d] = out[t][i] * inverse[i / 2];
		}
	}
}

#define FLASH(T, panels)                                                                                             \
	KERNEL flash##panels##_##T(CACHE, float *dst, const float *q, const float *sinks, int group, int n, int window, \
	                           float scale, float cap) {                                                             \
		Queries s = {heads, group, dk, dv, first, *pos, n, window};                                                  \
		flash<T, panels>(dst, q, CACHE_OF_ARGUMENTS, sinks, s, scale, cap);                                          \
	}
#define FLASHES(each) each(KVF16, 2) each(KVF16, 4) each(KVF16, 8) each(KVQ8, 2) each(KVQ8, 4) each(KVQ8, 8)
FLASHES(FLASH)
