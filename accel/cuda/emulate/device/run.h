// How blocks of threads run on one processor: each thread is a fibre with a
// stack of its own.
#pragma once
#include "kernels.cu"

#include <cstdio>
#include <cstdlib>
#include <utility>
#ifndef __x86_64__
#include <ucontext.h>
#endif

dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace {

using emulate::fail;

constexpr unsigned mostThreads = 1024, lanesOfWarp = 32;
constexpr size_t stackBytes = 64 << 10, sharedBytes = 96 << 10;

// Switching between fibres: by hand where it is short, since ucontext makes
// two system calls a switch.
#ifdef __x86_64__
using Context = void *;
extern "C" void switchFibre(void **from, void *to);
asm(R"(
.text
.globl switchFibre
switchFibre:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, (%rdi)
	mov %rsi, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
)");
void switchTo(Context &from, Context &to) { switchFibre(&from, to); }
void prepare(Context &c, char *stack, void (*run)()) {
	void **top = reinterpret_cast<void **>(stack + stackBytes) - 2;
	top[0] = reinterpret_cast<void *>(run); // where `ret` goes; then the stack is aligned as after a call
	top[1] = nullptr;
	c = top - 6;
}
#else
using Context = ucontext_t;
void switchTo(Context &from, Context &to) { swapcontext(&from, &to); }
void prepare(Context &c, char *stack, void (*run)()) {
	getcontext(&c);
	c.uc_stack.ss_sp = stack;
	c.uc_stack.ss_size = stackBytes;
	makecontext(&c, run, 0);
}
#endif

enum State { ready, atWarp, atBlock, done };

struct Fibre {
	Context context;
	State state;
};

struct Warp {
	alignas(16) uint32_t exchange[8 * lanesOfWarp];
	unsigned waiting;
};

Context scheduler;
Fibre fibres[mostThreads];
Warp warps[mostThreads / lanesOfWarp];
char *stacks = new char[mostThreads * stackBytes];
alignas(64) float dynamic[sharedBytes / 4];
void (*body)();
unsigned running;
bool backwards;

void pause(State s) {
	fibres[running].state = s;
	switchTo(fibres[running].context, scheduler);
}

void enter() {
	body();
	pause(done);
	fail("a finished thread runs again");
}

void resume(unsigned i) {
	running = i;
	threadIdx = {i, 0, 0};
	switchTo(scheduler, fibres[i].context);
}

// runWarp lets the threads [from, to) run until each is done or waits for the
// block.
void runWarp(unsigned from, unsigned to) {
	Warp &w = warps[from / lanesOfWarp];
	for (;;) {
		unsigned ran = 0;
		for (unsigned n = 0; n < to - from; n++) {
			unsigned i = backwards ? to - 1 - n : from + n;
			if (fibres[i].state != ready) continue;
			resume(i);
			ran++;
		}
		if (w.waiting == lanesOfWarp) {
			for (unsigned i = from; i < to; i++) fibres[i].state = ready;
			w.waiting = 0;
		} else if (ran == 0) {
			if (w.waiting > 0) fail("some lanes of a warp do not come to a shuffle");
			return;
		}
	}
}

void runBlock() {
	unsigned n = blockDim.x;
	for (unsigned i = 0; i < n; i++) {
		prepare(fibres[i].context, stacks + i * stackBytes, enter);
		fibres[i].state = ready;
	}
	memset(dynamic, 0xff, sizeof dynamic); // nobody may count on what another block left
	// Every other block runs its threads the other way round, so that who counts
	// on an order without a barrier is found out.
	backwards = !backwards;
	unsigned warpCount = (n + lanesOfWarp - 1) / lanesOfWarp;
	for (;;) {
		unsigned waiting = 0;
		for (unsigned i = 0; i < warpCount; i++) {
			unsigned from = (backwards ? warpCount - 1 - i : i) * lanesOfWarp;
			runWarp(from, min(from + lanesOfWarp, n));
		}
		for (unsigned i = 0; i < n; i++) {
			if (fibres[i].state != atBlock) continue;
			fibres[i].state = ready;
			waiting++;
		}
		if (waiting == 0) return;
	}
}

// Arguments come as 8 bytes each, the value in the first of them.
template <class T> T argument(uint64_t bits) {
	T v;
	memcpy(&v, &bits, sizeof v);
	return v;
}

constexpr unsigned mostArguments = 48;
uint64_t arguments[mostArguments];

template <class... A, size_t... I> void call(void (*kernel)(A...), std::index_sequence<I...>) {
	kernel(argument<A>(arguments[I])...);
}

struct Kernel {
	const char *name;
	unsigned arguments;
	void (*run)();
};

template <class... A> constexpr unsigned count(void (*)(A...)) { return sizeof...(A); }
template <class... A> auto indices(void (*)(A...)) { return std::make_index_sequence<sizeof...(A)>(); }

#define ENTRY(k) {#k, count(k), [] { call(k, indices(k)); }},
#define PRODUCTS(F) ENTRY(product1_##F) ENTRY(product8_##F) ENTRY(routed_##F)
#define TILES(F) ENTRY(productTile_##F)
#define FLASH_ENTRY(T, panels) ENTRY(flash##panels##_##T)
#define DELTA_ENTRY(keys) ENTRY(deltaRule##keys)
#define CACHES(T) ENTRY(store_##T) ENTRY(ropeStore_##T) ENTRY(attend_##T)

const Kernel kernels[] = {
	INTEGER_FORMATS(PRODUCTS) INTEGER_FORMATS(TILES) HALF_FORMATS(TILES) FLOAT_FORMATS(PRODUCTS) KV_TYPES(CACHES) FLASHES(FLASH_ENTRY)
	DELTA_RULES(DELTA_ENTRY)
	ENTRY(conv) ENTRY(quantise) ENTRY(rmsNormQuantise) ENTRY(gluQuantise) ENTRY(rmsNorm) ENTRY(layerNorm) ENTRY(l2Norm) ENTRY(add) ENTRY(multiply) ENTRY(scale)
	ENTRY(fill) ENTRY(softCap) ENTRY(addBias) ENTRY(scaleRows) ENTRY(copyColumns) ENTRY(activate) ENTRY(glu)
	ENTRY(turns) ENTRY(rope) ENTRY(gatherRows) ENTRY(gatherRowsQuantise) ENTRY(addBiasRouted) ENTRY(scatterRows) ENTRY(best1) ENTRY(best2) ENTRY(route) ENTRY(copyWords)
};
constexpr unsigned kernelCount = sizeof kernels / sizeof *kernels;

// launch runs every block of a grid; the arguments were set.
void launch(unsigned kernel, unsigned count, dim3 grid, dim3 block, size_t shared) {
	if (kernel >= kernelCount || count != kernels[kernel].arguments) fail("a launch with the wrong arguments");
	if (block.y != 1 || block.z != 1 || block.x > mostThreads || shared > sharedBytes) fail("a launch out of range");
	body = kernels[kernel].run;
	gridDim = grid;
	blockDim = block;
	for (unsigned z = 0; z < grid.z; z++)
		for (unsigned y = 0; y < grid.y; y++)
			for (unsigned x = 0; x < grid.x; x++) {
				blockIdx = {x, y, z};
				runBlock();
			}
}

} // namespace

namespace emulate {

[[noreturn]] void fail(const char *what) {
	fprintf(stderr, "%s in block (%u, %u, %u), thread %u\n", what, blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x);
	exit(1);
}

void blockBarrier() { pause(atBlock); }

void warpBarrier() {
	warps[running / lanesOfWarp].waiting++;
	pause(atWarp);
}

uint32_t *exchange() { return warps[running / lanesOfWarp].exchange; }
float *dynamicShared() { return dynamic; }

} // namespace emulate
