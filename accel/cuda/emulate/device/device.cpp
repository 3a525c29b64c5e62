// A device as a process: it shares its memory with whoever started it and
// takes launches from standard input. A kernel that goes wrong takes only this
// process with it, as on a real device it takes the context.
//
// usage: device MEMORY-FILE BYTES
//
// It says on standard output where its memory lies and the names of its
// kernels, one a line, then an empty line. A launch is a header and its
// arguments, 8 bytes each; a header with kernel == wait is answered by a byte.
#include "kernels.cu"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>
#include <vector>
#ifndef __x86_64__
#include <ucontext.h>
#endif

dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace {

[[noreturn]] void fail(const char *what) {
	fprintf(stderr, "%s in block (%u, %u, %u), thread %u\n", what, blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x);
	exit(1);
}

constexpr unsigned mostThreads = 1024, lanesOfWarp = 32;
constexpr size_t stackBytes = 64 << 10, sharedBytes = 48 << 10;

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
	uint32_t exchange[lanesOfWarp];
	unsigned waiting;
};

Context scheduler;
Fibre fibres[mostThreads];
Warp warps[mostThreads / lanesOfWarp];
char *stacks;
alignas(64) float dynamic[sharedBytes / 4];
void (*body)();
unsigned running;

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
		for (unsigned i = from; i < to; i++) {
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
	for (;;) {
		unsigned waiting = 0;
		for (unsigned from = 0; from < n; from += lanesOfWarp) runWarp(from, min(from + lanesOfWarp, n));
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

uint64_t arguments[32];

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
#define PRODUCTS(F) ENTRY(product1_##F) ENTRY(product8_##F)
#define CACHES(T) ENTRY(store_##T) ENTRY(attend_##T)

const Kernel kernels[] = {
	INTEGER_FORMATS(PRODUCTS) FLOAT_FORMATS(PRODUCTS) KV_TYPES(CACHES)
	ENTRY(quantise) ENTRY(rmsNorm) ENTRY(layerNorm) ENTRY(l2Norm) ENTRY(add) ENTRY(multiply) ENTRY(scale)
	ENTRY(fill) ENTRY(softCap) ENTRY(addBias) ENTRY(scaleRows) ENTRY(copyColumns) ENTRY(activate) ENTRY(glu)
	ENTRY(turns) ENTRY(rope) ENTRY(gatherRows) ENTRY(addBiasRouted) ENTRY(scatterRows) ENTRY(combine)
};
constexpr unsigned kernelCount = sizeof kernels / sizeof *kernels;

struct Header {
	uint32_t kernel;
	dim3 grid, block;
	uint32_t shared, arguments;
};

constexpr uint32_t wait = ~0u;

void readAll(void *to, size_t n) {
	if (fread(to, 1, n, stdin) != n) exit(feof(stdin) ? 0 : 1);
}

void launch(const Header &h) {
	if (h.kernel >= kernelCount || h.arguments != kernels[h.kernel].arguments) fail("a launch with the wrong arguments");
	if (h.block.y != 1 || h.block.z != 1 || h.block.x > mostThreads || h.shared > sharedBytes) fail("a launch out of range");
	body = kernels[h.kernel].run;
	gridDim = h.grid;
	blockDim = h.block;
	for (unsigned z = 0; z < h.grid.z; z++)
		for (unsigned y = 0; y < h.grid.y; y++)
			for (unsigned x = 0; x < h.grid.x; x++) {
				blockIdx = {x, y, z};
				runBlock();
			}
}

} // namespace

namespace emulate {

void blockBarrier() { pause(atBlock); }

void warpBarrier() {
	warps[running / lanesOfWarp].waiting++;
	pause(atWarp);
}

uint32_t *exchange() { return warps[running / lanesOfWarp].exchange; }
float *dynamicShared() { return dynamic; }

} // namespace emulate

int main(int argc, char **argv) {
	if (argc != 3) return 2;
	int file = open(argv[1], O_RDWR);
	size_t bytes = strtoull(argv[2], nullptr, 10);
	void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (file < 0 || memory == MAP_FAILED) return 2;
	stacks = new char[mostThreads * stackBytes];
	printf("%llu\n", static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(memory)));
	for (const Kernel &k : kernels) printf("%s\n", k.name);
	printf("\n");
	fflush(stdout);
	for (;;) {
		Header h;
		readAll(&h, sizeof h);
		if (h.kernel == wait) {
			putchar('.');
			fflush(stdout);
			continue;
		}
		if (h.arguments > sizeof arguments / sizeof *arguments) fail("too many arguments");
		readAll(arguments, h.arguments * 8);
		launch(h);
	}
}
