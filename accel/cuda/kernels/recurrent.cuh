// Layers that carry a state from token to token. What came before is null where
// it is zero.
#pragma once
#include "row.cuh"

// conv convolves each column of x, (rows, cols), with its own k weights; before
// and after hold k-1 rows. A thread has a value of dst, or of after.
KERNEL conv(float *dst, const float *x, const float *w, const float *before, float *after, int cols, int rows, int k) {
	size_t i = valueIndex();
	if (i >= size_t(rows + k - 1) * cols) return;
	int t = i / cols, c = i % cols;
	// history is row `at` of x, or of what came before it.
	auto history = [=](int at) {
		if (at >= 0) return x[size_t(at) * cols + c];
		return before ? before[size_t(at + k - 1) * cols + c] : 0;
	};
	if (t >= rows) {
		after[size_t(t - rows) * cols + c] = history(t - k + 1);
		return;
	}
	float sum = 0;
	for (int j = 0; j < k; j++) sum += w[size_t(c) * k + j] * history(t - k + 1 + j);
	dst[i] = sum;
}

// Delta is accel.Delta and what it is given.
struct Delta {
	const float *q, *k, *v, *alpha, *beta, *a, *dt;
	int kHeads, vHeads, dk, dv, modulo;
	float scale;

	__device__ int keyHead(int h) const { return modulo ? h % kHeads : h / (vHeads / kHeads); }

	__device__ float decay(int t, int h) const {
		float x = alpha[size_t(t) * vHeads + h] + dt[h];
		return expf(a[h] * (x > 30 ? x : log1pf(expf(x))));
	}
};

// A row of a head's matrix meets no other row: a warp takes it through all
// tokens, with dk/32 values of it in the registers of a lane. The grid is (heads,
// groups of rows).
constexpr int deltaThreads = 128, deltaWarps = deltaThreads / warpLanes;

template <int share> __device__ inline void deltaRow(const Delta &s, float *dst, const float *before, float *after, int tokens) {
	int lane = threadIdx.x % warpLanes, h = blockIdx.x, i = blockIdx.y * deltaWarps + threadIdx.x / warpLanes;
	if (i >= s.dv) return;
	size_t at = (size_t(h) * s.dv + i) * s.dk;
	float row[share];
#pragma unroll
	for (int j = 0; j < share; j++) {
		int d = lane + j * warpLanes;
		row[j] = before && d < s.dk ? before[at + d] : 0;
	}
	for (int t = 0; t < tokens; t++) {
		const float *key = s.k + (size_t(t) * s.kHeads + s.keyHead(h)) * s.dk;
		const float *query = s.q + (size_t(t) * s.kHeads + s.keyHead(h)) * s.dk;
		float decay = s.decay(t, h), keys[share], known = 0, out = 0;
#pragma unroll
		for (int j = 0; j < share; j++) {
			int d = lane + j * warpLanes;
			keys[j] = d < s.dk ? key[d] : 0;
			row[j] *= decay;
			known += row[j] * keys[j];
		}
		size_t value = (size_t(t) * s.vHeads + h) * s.dv + i;
		float change = sigmoid(s.beta[size_t(t) * s.vHeads + h]) * (s.v[value] - warpSum(known));
#pragma unroll
		for (int j = 0; j < share; j++) {
			int d = lane + j * warpLanes;
			row[j] += change * keys[j];
			out += row[j] * (d < s.dk ? query[d] : 0);
		}
		out = warpSum(out);
		if (lane == 0) dst[value] = out * s.scale;
	}
#pragma unroll
	for (int j = 0; j < share; j++) {
		int d = lane + j * warpLanes;
		if (d < s.dk) after[at + d] = row[j];
	}
}

// deltaRule128 is for keys of up to 128 values, deltaRule256 of up to 256.
#define DELTA_RULES(each) each(128) each(256)
#define DELTA_RULE(keys)                                                                                                 \
	KERNEL deltaRule##keys(float *dst, const float *q, const float *k, const float *v, const float *alpha,               \
	                       const float *beta, const float *a, const float *dt, const float *before, float *after,        \
	                       int kHeads, int vHeads, int dk, int dv, int modulo, float scale, int tokens) {                \
		Delta s = {q, k, v, alpha, beta, a, dt, kHeads, vHeads, dk, dv, modulo, scale};                                  \
		deltaRow<keys / warpLanes>(s, dst, before, after, tokens);                                                       \
	}
DELTA_RULES(DELTA_RULE)
