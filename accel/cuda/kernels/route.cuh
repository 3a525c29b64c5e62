// The experts of one token. Choosing them here, and finding their weights by a
// table, keeps a token of a mixture one series of kernels.
#pragma once
#include "matmul.cuh"

constexpr int mostExperts = 1024, mostUsed = warpLanes;

// Router is what a warp knows of the experts.
struct Router {
	float scores[mostExperts], keys[mostExperts]; // what they count, and are chosen by
	int free[mostExperts];
	int chosen[mostUsed];

	// score reads the logits. With softmax the scores are shares of all experts.
	__device__ void score(const float *logits, const float *bias, int experts, int sigmoids, int softmax) {
		int lane = threadIdx.x;
		float peak = -INFINITY, sum = 0;
		for (int e = lane; e < experts; e += warpLanes) peak = fmaxf(peak, logits[e]);
		peak = warpMax(peak);
		for (int e = lane; e < experts; e += warpLanes) {
			float v = logits[e];
			if (sigmoids) v = sigmoid(v);
			if (softmax) v = expf(v - peak);
			sum += v;
			scores[e] = v;
			free[e] = 1;
		}
		sum = warpSum(sum);
		for (int e = lane; e < experts; e += warpLanes) {
			if (softmax) scores[e] /= sum;
			keys[e] = scores[e] + (bias ? bias[e] : 0);
		}
		__syncwarp();
	}

	// keepGroups takes the experts of all but the best groups out of the choice, as
	// the host does: of equally good ones the first stay. A lane has a group.
	__device__ void keepGroups(int experts, int groups, int used, int sigmoids) {
		int lane = threadIdx.x, size = experts / groups;
		float *own = keys + lane * size, first = -INFINITY, second = -INFINITY;
		for (int i = 0; i < size && lane < groups; i++) {
			if (own[i] > first) {
				second = first;
				first = own[i];
			} else if (own[i] > second) {
				second = own[i];
			}
		}
		bool in = first > -INFINITY, out = false;
		if (sigmoids && size > 1) first += second;
		for (int i = used; i < groups; i++) {
			float least = -warpMax(in ? -first : -INFINITY);
			int worst = -warpMin(in && first == least ? -lane : 1);
			if (lane != worst) continue;
			in = false;
			out = true;
		}
		for (int i = 0; i < size && out; i++) own[i] = -INFINITY;
		__syncwarp();
	}

	// choose takes the free expert with the largest key, the first of equal ones;
	// when all that is left is not a number, the first that is free.
	__device__ int choose(int experts) {
		constexpr int none = 1 << 30;
		int lane = threadIdx.x, best = none;
		float top = -INFINITY;
		for (int e = lane; e < experts; e += warpLanes) {
			if (free[e] && keys[e] == keys[e] && (best == none || keys[e] > top)) {
				best = e;
				top = keys[e];
			}
		}
		float peak = warpMax(top);
		int e = warpMin(top == peak ? best : none);
		if (e == none) {
			for (int i = lane; i < experts && best == none; i += warpLanes) best = free[i] ? i : none;
			e = warpMin(best);
		}
		if (lane == 0) free[e] = 0;
		__syncwarp();
		return e;
	}
};

// route chooses `used` experts by accel.Routing and writes, in the order of the
// experts: the row that each is for, which is 0, its number and its weight.
// bias and output may be null. A block is a warp.
KERNEL route(int *row, int *expert, float *weight, const float *logits, const float *bias, const float *output, int experts,
             int used, int groups, int groupsUsed, int sigmoids, int ofChosen, int normalise, float scale) {
	__shared__ Router router;
	int lane = threadIdx.x;
	router.score(logits, bias, experts, sigmoids, !sigmoids && !ofChosen);
	if (groups > 1) router.keepGroups(experts, groups, groupsUsed, sigmoids);
	for (int i = 0; i < used; i++) {
		int e = router.choose(experts);
		if (lane == 0) router.chosen[i] = e;
	}
	__syncwarp();
	bool mine = lane < used;
	int e = mine ? router.chosen[lane] : 0;
	float w = mine ? router.scores[e] : 0;
	if (ofChosen) {
		float peak = warpMax(mine ? w : -INFINITY);
		w = mine ? expf(w - peak) : 0;
		w /= warpSum(w);
	}
	float sum = warpSum(w);
	if (normalise && sum > 0) w /= sum;
	if (!mine) return;
	int place = 0;
	for (int i = 0; i < used; i++) place += router.chosen[i] < e;
	row[place] = 0;
	expert[place] = e;
	weight[place] = w * scale * (output ? output[e] : 1);
}

// routed multiplies input i with the weight of expert[i], which table knows; the
// grid is (blocks of rows, inputs). Heads with weights of their own are experts
// too.
#define ROUTED float *dst, int ldd, const uint8_t *const *table, const int *expert, int rows, int cols
#define ROUTED_OF_ARGUMENTS \
	Part { dst + size_t(blockIdx.y) * ldd, table[expert[blockIdx.y]], rows, nullptr, int(blockIdx.x) }

#define INTEGER_ROUTED(F)                                                                     \
	KERNEL routed_##F(ROUTED, const int8_t *q, const float *d, const int *sums) {             \
		size_t at = size_t(blockIdx.y) * cols;                                                \
		Part p = ROUTED_OF_ARGUMENTS;                                                         \
		Tail{}.put(p, row1Int<F>(p, q + at, d + at / 32, sums + at / 16, cols));              \
	}
#define FLOAT_ROUTED(F)                                                                       \
	KERNEL routed_##F(ROUTED, const float *x, int ldx) {                                      \
		Part p = ROUTED_OF_ARGUMENTS;                                                         \
		Tail{}.put(p, row1Float<F>(p, x + size_t(blockIdx.y) * ldx, cols));                   \
	}
INTEGER_FORMATS(INTEGER_ROUTED)
FLOAT_FORMATS(FLOAT_ROUTED)
