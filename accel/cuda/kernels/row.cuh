// Operations on rows of activations, [rows][cols]. Norms take a block a row.
#pragma once
#include "device.cuh"

// rmsScale is 1 / rms(x) of the row of a block of threads.
__device__ inline float rmsScale(const float *x, int cols, float eps) {
	float squares = 0;
	for (int i = threadIdx.x; i < cols; i += blockDim.x) squares += x[i] * x[i];
	return 1 / sqrtf(blockSum(squares) / cols + eps);
}

// rmsNorm is dst = x / rms(x) · w; w may be null.
KERNEL rmsNorm(float *dst, const float *x, const float *w, int cols, float eps) {
	dst += size_t(blockIdx.x) * cols;
	x += size_t(blockIdx.x) * cols;
	float s = rmsScale(x, cols, eps);
	for (int i = threadIdx.x; i < cols; i += blockDim.x) dst[i] = x[i] * s * (w ? w[i] : 1);
}

// layerNorm is dst = (x - mean) / deviation · w + b; w and b may be null.
KERNEL layerNorm(float *dst, const float *x, const float *w, const float *b, int cols, float eps) {
	dst += size_t(blockIdx.x) * cols;
	x += size_t(blockIdx.x) * cols;
	float total = 0, squares = 0;
	for (int i = threadIdx.x; i < cols; i += blockDim.x) total += x[i];
	float mean = blockSum(total) / cols;
	for (int i = threadIdx.x; i < cols; i += blockDim.x) squares += (x[i] - mean) * (x[i] - mean);
	float s = 1 / sqrtf(blockSum(squares) / cols + eps);
	for (int i = threadIdx.x; i < cols; i += blockDim.x) dst[i] = (x[i] - mean) * s * (w ? w[i] : 1) + (b ? b[i] : 0);
}

// l2Norm is x = x / |x|, |x| being eps at least.
KERNEL l2Norm(float *x, int cols, float eps) {
	x += size_t(blockIdx.x) * cols;
	float squares = 0;
	for (int i = threadIdx.x; i < cols; i += blockDim.x) squares += x[i] * x[i];
	float s = 1 / fmaxf(sqrtf(blockSum(squares)), eps);
	for (int i = threadIdx.x; i < cols; i += blockDim.x) x[i] *= s;
}

// index is the value of a thread in an operation on n values.
__device__ inline size_t valueIndex() { return size_t(blockIdx.x) * blockDim.x + threadIdx.x; }

KERNEL add(float *dst, const float *x, size_t n) {
	size_t i = valueIndex();
	if (i < n) dst[i] += x[i];
}

KERNEL multiply(float *dst, const float *x, size_t n) {
	size_t i = valueIndex();
	if (i < n) dst[i] *= x[i];
}

KERNEL scale(float *x, float s, size_t n) {
	size_t i = valueIndex();
	if (i < n) x[i] *= s;
}

KERNEL fill(float *x, float v, size_t n) {
	size_t i = valueIndex();
	if (i < n) x[i] = v;
}

// copyWords copies n times 16 bytes, for the measure of it.
KERNEL copyWords(uint4 *to, const uint4 *from, size_t n) {
	for (size_t i = valueIndex(); i < n; i += size_t(gridDim.x) * blockDim.x) to[i] = from[i];
}

KERNEL softCap(float *x, float limit, size_t n) {
	size_t i = valueIndex();
	if (i < n) x[i] = limit * tanhf(x[i] / limit);
}

KERNEL addBias(float *x, const float *b, int cols, size_t n) {
	size_t i = valueIndex();
	if (i < n) x[i] += b[i % cols];
}

KERNEL scaleRows(float *x, const float *s, int cols, size_t n) {
	size_t i = valueIndex();
	if (i < n) x[i] *= s[i / cols];
}

// copyColumns copies cols columns of n/cols rows.
KERNEL copyColumns(float *dst, int ldd, int to, const float *x, int ldx, int from, int cols, size_t n) {
	size_t i = valueIndex();
	if (i < n) dst[i / cols * ldd + to + i % cols] = x[i / cols * ldx + from + i % cols];
}

// The numbers of accel.Activation.
enum Activation { SiLU, GELU, GELUErf, ReLU2, Sigmoid, ClampedSwiGLU };

__device__ inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }

__device__ inline float activation(int act, float x) {
	switch (act) {
	case SiLU: return x * sigmoid(x);
	case GELU: return x * sigmoid(x * (1.59576912f + 0.0713548163f * x * x));
	case GELUErf: return 0.5f * x * erfcf(x * -0.70710678f);
	case ReLU2: return fmaxf(x, 0) * fmaxf(x, 0);
	default: return sigmoid(x);
	}
}

KERNEL activate(float *x, int act, size_t n) {
	size_t i = valueIndex();
	if (i < n) x[i] = activation(act, x[i]);
}

__device__ inline float gated(int act, float gate, float up) {
	if (act != ClampedSwiGLU) return activation(act, gate) * up;
	float g = fminf(gate, 7), u = fmaxf(fminf(up, 7), -7);
	return g * sigmoid(1.702f * g) * (u + 1);
}

// glu is gate = act(gate) · up.
KERNEL glu(float *gate, const float *up, int act, size_t n) {
	size_t i = valueIndex();
	if (i < n) gate[i] = gated(act, gate[i], up[i]);
}

// turns computes the cosines and sines of n positions from *pos on, [n][2][half].
// In double:
// a position times a frequency loses its fraction in float.
KERNEL turns(float *table, const float *freqs, int half, const int *pos, int n, float magnitude) {
	int i = valueIndex();
	if (i >= n * half) return;
	int t = i / half, p = i % half;
	double s, c;
	sincos(double(*pos + t) * double(freqs[p]), &s, &c);
	table[size_t(t) * 2 * half + p] = float(c) * magnitude;
	table[(size_t(t) * 2 + 1) * half + p] = float(s) * magnitude;
}

// Heads are those of x, then, if there are any, those of y: each is normalised
// and turned, or only one of both, by the steps of its tensor.
struct Heads {
	enum Step { normalise = 1, turn = 2, ofY = 4 }; // a step of y is one of x times ofY

	float *x, *y;
	int xHeads, yHeads;
	const float *xNorm, *yNorm; // (headDim), or null for ones
	int steps;
	float eps;
	const float *table; // [tokens][2][half]
	int headDim;
	int from, half, interleaved; // the pairs of a head

	// place does it with head h of token t, the work of a warp, and returns it.
	__device__ float *place(int t, int h) const {
		bool second = h >= xHeads;
		int own = second ? steps / ofY : steps;
		float *head = second ? y + (size_t(t) * yHeads + h - xHeads) * headDim : x + (size_t(t) * xHeads + h) * headDim;
		if (own & normalise) normal(head, second ? yNorm : xNorm);
		if (own & turn) turned(head + from, table + size_t(t) * 2 * half);
		return head;
	}

	__device__ void normal(float *head, const float *w) const {
		int lane = threadIdx.x % warpLanes;
		float squares = 0;
		for (int i = lane; i < headDim; i += warpLanes) squares += head[i] * head[i];
		float s = 1 / sqrtf(warpSum(squares) / headDim + eps);
		for (int i = lane; i < headDim; i += warpLanes) head[i] = head[i] * s * (w ? w[i] : 1);
		__syncwarp(); // what other lanes have written is read
	}

	__device__ void turned(float *v, const float *turns) const {
		for (int p = threadIdx.x % warpLanes; p < half; p += warpLanes) {
			float c = turns[p], s = turns[half + p];
			int ia = interleaved ? 2 * p : p, ib = interleaved ? 2 * p + 1 : p + half;
			float a = v[ia], b = v[ib];
			v[ia] = a * c - b * s;
			v[ib] = a * s + b * c;
		}
		__syncwarp();
	}
};

#define HEADS                                                                                                           \
	float *x, int xHeads, const float *xNorm, float *y, int yHeads, const float *yNorm, int steps, float eps,           \
	    const float *table, int headDim, int from, int half, int interleaved
#define HEADS_OF_ARGUMENTS \
	Heads { x, y, xHeads, yHeads, xNorm, yNorm, steps, eps, table, headDim, from, half, interleaved }

// rope has a warp, which is a block, for each head; the grid is (tokens, heads).
KERNEL rope(HEADS) { (HEADS_OF_ARGUMENTS).place(blockIdx.x, blockIdx.y); }

// What a mixture of experts does with rows: pair i is row[i] of the batch and
// expert[i].
KERNEL gatherRows(float *dst, const float *x, const int *row, int cols, size_t n) {
	size_t i = valueIndex();
	if (i < n) dst[i] = x[size_t(row[i / cols]) * cols + i % cols];
}

KERNEL addBiasRouted(float *x, const float *b, const int *expert, int cols, size_t n) {
	size_t i = valueIndex();
	if (i < n) x[i] += b[size_t(expert[i / cols]) * cols + i % cols];
}

// scatterRows is dst[row[i]] += weight[i]·x[i] in the order of the pairs: a
// thread has a column to itself, so that sums do not depend on chance.
KERNEL scatterRows(float *dst, const float *x, const int *row, const float *weight, int cols, int pairs) {
	int c = valueIndex();
	if (c >= cols) return;
	for (int i = 0; i < pairs; i++) dst[size_t(row[i]) * cols + c] += weight[i] * x[size_t(i) * cols + c];
}
