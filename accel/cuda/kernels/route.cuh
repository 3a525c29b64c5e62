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

// routed multiplies input i with the weight of expert[i], which a table knows;
// the grid is (blocks of rows, inputs, tables: one or two). Heads with weights of
// their own are experts too. What it does with the rows is a gate, as in Tail, or
// with one table a sum of all inputs, weighted, that is added to `to`.
struct Routed {
	enum Step { gate = Tail::gate, sum = 8 };

	float *dst0, *dst1;
	const uint8_t *const *table0, *const *table1;
	const float *bias0, *bias1; // (experts, rows), or null
	int ldd, rows;

	__device__ Part part(int expert) const {
		bool second = blockIdx.z > 0;
		const float *bias = second ? bias1 : bias0;
		return {at(second ? dst1 : dst0), (second ? table1 : table0)[expert], rows, bias ? bias + size_t(expert) * rows : nullptr,
		        int(blockIdx.x)};
	}

	// at is where the results of the input of this block of threads are.
	__device__ float *at(float *dst) const { return dst + size_t(blockIdx.y) * ldd; }

	// gateOfInput makes a gate; those of all inputs follow each other, ldd being
	// rows.
	__device__ void gateOfInput(const Outcome &gates, int act, unsigned *come) const {
		size_t first = size_t(blockIdx.y) * rows;
		makeGate(gates.from(first), dst1 + first, act, come + first / warpLanes, blockIdx.x);
	}

	// addUp adds the rows of all inputs in their order, so that sums do not depend
	// on chance.
	__device__ void addUp(unsigned *come, float *to, const float *weight) const {
		if (!lastOf(come + blockIdx.x, gridDim.y)) return;
		int row = blockIdx.x * blockRows + threadIdx.x;
		if (threadIdx.x >= blockRows || row >= rows) return;
		float v = to[row];
		for (int i = 0; i < int(gridDim.y); i++) v += weight[i] * dst0[size_t(i) * ldd + row];
		to[row] = v;
	}
};

#define ROUTED                                                                                                        \
	float *dst0, const uint8_t *const *table0, const float *bias0, float *dst1, const uint8_t *const *table1,         \
	    const float *bias1, int ldd, const int *expert, int rows, int cols, unsigned *come, int steps, int act,       \
	    int8_t *qOut, float *dOut, int *sumOut, float *to, const float *weight
#define ROUTED_PRODUCT(row1)                                                                                          \
	Routed r = {dst0, dst1, table0, table1, bias0, bias1, ldd, rows};                                                 \
	Part p = r.part(expert[blockIdx.y]);                                                                              \
	Tail{}.put(p, row1);                                                                                              \
	if (steps & Routed::gate) r.gateOfInput({dst0, qOut, dOut, sumOut}, act, come);                                   \
	if (steps & Routed::sum) r.addUp(come, to, weight)

#define INTEGER_ROUTED(F)                                                                                             \
	KERNEL routed_##F(ROUTED, const int8_t *q, const float *d, const int *sums) {                                     \
		size_t at = size_t(blockIdx.y) * cols;                                                                        \
		ROUTED_PRODUCT(row1Int<F>(p, q + at, d + at / 32, sums + at / 16, cols));                                     \
	}
#define FLOAT_ROUTED(F)                                                                                               \
	KERNEL routed_##F(ROUTED, const float *x, int ldx) {                                                              \
		ROUTED_PRODUCT(row1Float<F>(p, x + size_t(blockIdx.y) * ldx, cols));                                          \
	}
INTEGER_FORMATS(INTEGER_ROUTED)
FLOAT_FORMATS(FLOAT_ROUTED)
