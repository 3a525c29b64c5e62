// Keys and values, and attention over them. A block of the cache holds 256
// positions in the layout of accel/cpu/attn: for each KV head
//
//	keys    [8 groups][dk][32 positions]
//	values  [panels of 32 dimensions][256 positions][32]
//
// so a warp whose lanes are positions reads keys, and a warp whose lanes are
// dimensions reads values, without a gap and without adding across lanes.
#pragma once
#include "matmul.cuh"

constexpr int blockLen = 256, lanes = 32, groups = blockLen / lanes;

__host__ __device__ inline int panelsOf(int dv) { return (dv + lanes - 1) / lanes; }

// The storage types. Offsets are in bytes from the keys of a head.
template <class T> struct Plain {
	__device__ static size_t groupBytes(int dk) { return sizeof(T) * dk * lanes; }
	__device__ static size_t panelBytes() { return sizeof(T) * blockLen * lanes; }
	__device__ static float get(const uint8_t *group, int, int d, int lane) {
		return load(reinterpret_cast<const T *>(group)[d * lanes + lane]);
	}
	__device__ static float value(const uint8_t *panel, int i, int lane) {
		return load(reinterpret_cast<const T *>(panel)[i * lanes + lane]);
	}
	__device__ static void putKeys(uint8_t *group, int dk, int i, int d0, int lane, float x) {
		if (d0 + lane < dk) store(reinterpret_cast<T *>(group)[(d0 + lane) * lanes + i], x);
	}
	__device__ static void putValues(uint8_t *panel, int i, int lane, float x) {
		store(reinterpret_cast<T *>(panel)[i * lanes + lane], x);
	}
	__device__ static float load(float v) { return v; }
	__device__ static float load(uint16_t v) { return fromHalf(v); }
	__device__ static void store(float &to, float v) { to = v; }
	__device__ static void store(uint16_t &to, float v) { to = toHalf(fmaxf(fminf(v, 65504), -65504)); }
};

using KVF32 = Plain<float>;
using KVF16 = Plain<uint16_t>;

// KVQ8 keeps int8 codes and a half a scale for 32 dimensions: keys [dk/4][32][4],
// biased by 128, then scales [dk/32][32]; values [256][32], then scales [256].
struct KVQ8 {
	__device__ static int padded(int dk) { return (dk + 3) / 4 * 4; }
	__device__ static size_t groupBytes(int dk) { return padded(dk) * lanes + (dk + 31) / 32 * lanes * 2; }
	__device__ static size_t panelBytes() { return blockLen * lanes + blockLen * 2; }
	__device__ static float get(const uint8_t *group, int dk, int d, int lane) {
		int code = int(group[d / 4 * 4 * lanes + lane * 4 + d % 4]) - 128;
		return fromHalf(reinterpret_cast<const uint16_t *>(group + padded(dk) * lanes)[d / 32 * lanes + lane]) * code;
	}
	__device__ static float value(const uint8_t *panel, int i, int lane) {
		int code = reinterpret_cast<const int8_t *>(panel)[i * lanes + lane];
		return fromHalf(reinterpret_cast<const uint16_t *>(panel + blockLen * lanes)[i]) * code;
	}
	// quantised rounds the values of a warp; the scale is divided by as it will be read.
	__device__ static int quantised(float x, uint16_t *scale) {
		*scale = toHalf(fminf(__uint_as_float(warpPeak(x)) / 127, 65504));
		float d = fromHalf(*scale);
		return d > 0 ? int(rintf(fmaxf(fminf(x * (1 / d), 127), -127))) : 0;
	}
	__device__ static void putKeys(uint8_t *group, int dk, int i, int d0, int lane, float x) {
		uint16_t scale;
		int code = quantised(x, &scale), d = d0 + lane;
		if (d < padded(dk)) group[d / 4 * 4 * lanes + i * 4 + d % 4] = code + 128;
		if (lane == 0) reinterpret_cast<uint16_t *>(group + padded(dk) * lanes)[d0 / 32 * lanes + i] = scale;
	}
	__device__ static void putValues(uint8_t *panel, int i, int lane, float x) {
		uint16_t scale;
		reinterpret_cast<int8_t *>(panel)[i * lanes + lane] = quantised(x, &scale);
		if (lane == 0) reinterpret_cast<uint16_t *>(panel + blockLen * lanes)[i] = scale;
	}
};

template <class T> __device__ inline size_t headBytes(int dk, int dv) {
	return groups * T::groupBytes(dk) + panelsOf(dv) * T::panelBytes();
}

// Cache is where the keys and values of a layer lie, from position first on.
struct Cache {
	uint8_t *const *blocks;
	int heads, dk, dv, first;
};

// storeKV keeps the keys and values of one head of token t, at position pos + t,
// a warp's work.
template <class T> __device__ inline void storeKV(const Cache &c, const float *k, const float *v, int pos, int t, int h) {
	int lane = threadIdx.x % warpLanes, at = pos + t - c.first;
	uint8_t *head = c.blocks[at / blockLen] + h * headBytes<T>(c.dk, c.dv);
	uint8_t *group = head + at % blockLen / lanes * T::groupBytes(c.dk);
	k += (size_t(t) * c.heads + h) * c.dk;
	for (int d = 0; d < c.dk; d += lanes) T::putKeys(group, c.dk, at % lanes, d, lane, d + lane < c.dk ? k[d + lane] : 0);
	uint8_t *panel = head + groups * T::groupBytes(c.dk);
	v += (size_t(t) * c.heads + h) * c.dv;
	for (int d = 0; d < c.dv; d += lanes, panel += T::panelBytes()) {
		T::putValues(panel, at % blockLen, lane, d + lane < c.dv ? v[d + lane] : 0);
	}
}

// ropeStore places queries and keys, or keys alone, and keeps the keys, which are
// the last of the two, with their values. The grid is (tokens, heads of both); a
// block is a warp.
template <class T> __device__ inline void ropeStore(const Heads &heads, const Cache &c, const float *v, int pos) {
	int t = blockIdx.x, h = blockIdx.y;
	heads.place(t, h);
	int key = h - (heads.yHeads > 0 ? heads.xHeads : 0);
	if (key >= 0) storeKV<T>(c, heads.yHeads > 0 ? heads.y : heads.x, v, pos, t, key);
}

// A block attends for attendRows rows of one KV head. Row r is the query of
// token r/group with head r%group of the group that shares the KV head: each
// key and value is read once for all of them. It has a warp a row and a thread
// a position.
constexpr int attendRows = 8, attendThreads = blockLen, attendWarps = attendThreads / warpLanes;
constexpr int panelsPerWarp = 2; // so values have 512 dimensions at most

// Queries is what the rows of a block are.
struct Queries {
	int heads, group, dk, dv; // KV heads; query heads of each
	int first, pos, n;        // position of the first block, of the first query; queries
	int window;               // 0: all
};

// rowIndex is the query head that row r of a KV head is.
__device__ inline size_t rowIndex(const Queries &s, int kvHead, int r) {
	return (size_t(r / s.group) * s.heads + kvHead) * s.group + r % s.group;
}

// combine makes one of the parts of some rows, for each [splits][peak, sum, dv
// values]; weights has room for blockLen a row.
__device__ inline void combine(const Outcome &out, const float *part, const float *sinks, const Queries &s, float *weights, int row0,
                               int rows) {
	__shared__ float total[attendRows];
	int warp = threadIdx.x / warpLanes, lane = threadIdx.x % warpLanes, splits = gridDim.z, kvHead = blockIdx.y;
	if (warp < rows) {
		const float *p = part + rowIndex(s, kvHead, row0 + warp) * splits * (s.dv + 2);
		float sink = sinks ? sinks[kvHead * s.group + (row0 + warp) % s.group] : -INFINITY, peak = sink, sum = 0;
		for (int i = lane; i < splits; i += warpLanes) peak = fmaxf(peak, p[i * (s.dv + 2)]);
		peak = warpMax(peak);
		for (int i = lane; i < splits; i += warpLanes) {
			float own = p[i * (s.dv + 2) + 1]; // a part that saw nothing has no peak
			float w = own > 0 ? expf(p[i * (s.dv + 2)] - peak) : 0;
			weights[warp * blockLen + i] = w;
			sum += w * own;
		}
		sum = warpSum(sum) + (sinks ? expf(sink - peak) : 0);
		if (lane == 0) total[warp] = sum;
	}
	__syncthreads();
	int panels = panelsOf(s.dv);
	for (int i = warp; i < rows * panels; i += attendWarps) {
		int r = i / panels, d = i % panels * lanes + lane;
		if (d >= s.dv) continue;
		size_t index = rowIndex(s, kvHead, row0 + r);
		const float *p = part + index * splits * (s.dv + 2) + 2 + d;
		float v = 0;
		for (int j = 0; j < splits; j++) v += weights[r * blockLen + j] * p[j * (s.dv + 2)];
		out.put(index * s.dv + d, total[r] > 0 ? v / total[r] : 0);
	}
}

// attend makes softmax(scale·q·K)·V. With splits > 1, block z takes `span`
// positions and leaves peak, sum and unnormalised values in part; the last of
// them combines the parts. The grid is (row tiles, KV heads, splits), come has a
// counter for each of the first two. Shared memory:
// attendRows·(dk + blockLen) + attendWarps·attendRows·lanes floats.
template <class T>
__device__ inline void attend(const Outcome &outcome, float *part, const float *q, uint8_t *const *blocks, const float *sinks,
                              Queries s, float scale, float cap, int span, unsigned *come) {
	__shared__ float peak[attendRows], sum[attendRows], factor[attendRows];
	float *queries = dynamicShared(), *scores = queries + attendRows * s.dk, *sums = scores + attendRows * blockLen;
	int warp = threadIdx.x / warpLanes, lane = threadIdx.x % warpLanes, kvHead = blockIdx.y;
	int row0 = blockIdx.x * attendRows, rows = min(attendRows, s.n * s.group - row0);
	bool split = gridDim.z > 1;

	for (int i = threadIdx.x; i < attendRows * s.dk; i += attendThreads) {
		int r = i / s.dk;
		queries[i] = r < rows ? q[rowIndex(s, kvHead, row0 + r) * s.dk + i % s.dk] * scale : 0;
	}
	if (threadIdx.x < attendRows) {
		bool sink = sinks && !split && int(threadIdx.x) < rows;
		peak[threadIdx.x] = sink ? sinks[kvHead * s.group + (row0 + threadIdx.x) % s.group] : -INFINITY;
		sum[threadIdx.x] = sink;
	}
	int lo = s.first, hi = s.pos + (row0 + rows - 1) / s.group + 1; // seen by any row
	if (s.window > 0) lo = max(lo, s.pos + row0 / s.group + 1 - s.window);
	if (split) {
		lo = max(lo, s.first + int(blockIdx.z) * span);
		hi = min(hi, s.first + int(blockIdx.z + 1) * span);
	}
	int panels = panelsOf(s.dv), slices = max(1, attendWarps / panels);
	int panel = warp % panels, slice = warp / panels; // of a warp that has one panel at most
	float out[panelsPerWarp][attendRows] = {};
	__syncthreads();

	for (int base = s.first + (lo - s.first) / blockLen * blockLen; base < hi; base += blockLen) {
		const uint8_t *head = blocks[(base - s.first) / blockLen] + kvHead * headBytes<T>(s.dk, s.dv);
		int j = base + threadIdx.x;
		float dot[attendRows] = {};
		if (j >= lo && j < hi) {
			const uint8_t *group = head + warp * T::groupBytes(s.dk);
			for (int d = 0; d < s.dk; d++) {
				float key = T::get(group, s.dk, d, lane);
#pragma unroll
				for (int r = 0; r < attendRows; r++) dot[r] = fmaf(queries[r * s.dk + d], key, dot[r]);
			}
		}
#pragma unroll
		for (int r = 0; r < attendRows; r++) {
			int end = s.pos + (row0 + r) / s.group + 1;
			bool sees = r < rows && j >= lo && j < min(hi, end) && (s.window == 0 || j >= end - s.window);
			float v = cap > 0 ? cap * tanhf(dot[r] / cap) : dot[r];
			scores[r * blockLen + threadIdx.x] = sees ? v : -INFINITY;
		}
		__syncthreads();

		float *row = scores + warp * blockLen, top = peak[warp], total = 0;
		for (int i = lane; i < blockLen; i += warpLanes) top = fmaxf(top, row[i]);
		top = warpMax(top);
		for (int i = lane; i < blockLen; i += warpLanes) {
			row[i] = top > -INFINITY ? expf(row[i] - top) : 0;
			total += row[i];
		}
		total = warpSum(total);
		if (lane == 0) {
			factor[warp] = top > -INFINITY ? expf(peak[warp] - top) : 1;
			sum[warp] = sum[warp] * factor[warp] + total;
			peak[warp] = top;
		}
		__syncthreads();

		int from = max(lo - base, 0), to = min(hi - base, blockLen), share = (to - from + slices - 1) / slices;
		from += slice * share;
		to = min(to, from + share);
		const uint8_t *values = head + groups * T::groupBytes(s.dk);
#pragma unroll
		for (int p = 0; p < panelsPerWarp; p++) {
			int at = panels > attendWarps ? warp + p * attendWarps : panel;
			if (at >= panels || slice >= slices || (p > 0 && panels <= attendWarps)) break;
#pragma unroll
			for (int r = 0; r < attendRows; r++) out[p][r] *= factor[r];
			for (int i = from; i < to; i++) {
				float v = T::value(values + at * T::panelBytes(), i, lane);
#pragma unroll
				for (int r = 0; r < attendRows; r++) out[p][r] = fmaf(scores[r * blockLen + i], v, out[p][r]);
			}
		}
		__syncthreads(); // the scores were read
	}

#pragma unroll
	for (int p = 0; p < panelsPerWarp; p++) {
		if (p > 0 && panels <= attendWarps) break;
#pragma unroll
		for (int r = 0; r < attendRows; r++) sums[(warp * attendRows + r) * lanes + lane] = out[p][r];
		__syncthreads();
		int at = panels > attendWarps ? warp + p * attendWarps : panel, d = at * lanes + lane;
		for (int r = 0; r < rows; r++) {
			if (at >= panels || slice > 0 || d >= s.dv) break;
			float v = 0;
			for (int i = 0; i < slices; i++) v += sums[((warp + i * panels) * attendRows + r) * lanes + lane];
			size_t index = rowIndex(s, kvHead, row0 + r);
			if (!split) {
				outcome.put(index * s.dv + d, sum[r] > 0 ? v / sum[r] : 0);
				continue;
			}
			float *to = part + (index * gridDim.z + blockIdx.z) * (s.dv + 2);
			to[2 + d] = v;
			if (d == 0) {
				to[0] = peak[r];
				to[1] = sum[r];
			}
		}
		__syncthreads();
	}
	if (split && lastOf(come + blockIdx.y * gridDim.x + blockIdx.x, gridDim.z)) combine(outcome, part, sinks, s, scores, row0, rows);
}

// The grid of store is (tokens, heads); a block is a warp.
#define CACHE uint8_t *const *blocks, int heads, int dk, int dv, int first, const int *pos
#define CACHE_OF_ARGUMENTS \
	Cache { blocks, heads, dk, dv, first }
#define ATTENTION(T)                                                                                                    \
	KERNEL store_##T(CACHE, const float *k, const float *v) {                                                           \
		storeKV<T>(CACHE_OF_ARGUMENTS, k, v, *pos, blockIdx.x, blockIdx.y);                                             \
	}                                                                                                                   \
	KERNEL ropeStore_##T(HEADS, CACHE, const float *v) {                                                                \
		ropeStore<T>(HEADS_OF_ARGUMENTS, CACHE_OF_ARGUMENTS, v, *pos);                                                  \
	}                                                                                                                   \
	KERNEL attend_##T(CACHE, float *dst, float *part, const float *q, const float *sinks, int group, int n, int window, \
	                  float scale, float cap, int span, unsigned *come, int8_t *qOut, float *dOut, int *sumOut) {       \
		Queries s = {heads, group, dk, dv, first, *pos, n, window};                                                     \
		Outcome out = {dst, qOut, dOut, sumOut};                                                                        \
		attend<T>(out, part, q, blocks, sinks, s, scale, cap, span, come);                                              \
	}
#define KV_TYPES(each) each(KVF32) each(KVF16) each(KVQ8)
KV_TYPES(ATTENTION)
