// The functions of NVIDIA's driver that accel/cuda calls, on the emulation: with
// it as libcuda.so.1, a program with the build tag cuda finds a device. Memory
// of the device is memory of the process; PTX is not looked at.
#include "run.h"

#include <cstddef>
#include <cstring>
#include <vector>

namespace {

constexpr int success = 0, invalidValue = 1, outOfMemory = 2, noSuchFunction = 500;
constexpr size_t memoryBytes = 256 << 20, headerBytes = 64;
size_t used;
int device; // an address for what must not be null

} // namespace

#define API extern "C" int

API cuInit(unsigned) { return success; }
API cuDeviceGetCount(int *n) { return *n = 1, success; }
API cuDeviceGetName(char *name, int n, int) { return snprintf(name, n, "emulation"), success; }
API cuDeviceGetUuid(unsigned char *id, int) {
	for (int i = 0; i < 16; i++) id[i] = i;
	return success;
}
API cuDeviceGetAttribute(int *v, int attribute, int) {
	switch (attribute) {
	case 75: *v = 8; break; // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
	case 76: *v = 0; break; // …_MINOR
	case 97: *v = sharedBytes; break; // CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
	case 16: *v = 4; break; // CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
	default: return invalidValue;
	}
	return success;
}
API cuDevicePrimaryCtxRetain(void **context, int) { return *context = &device, success; }
API cuDevicePrimaryCtxRelease_v2(int) { return success; }
API cuCtxSetCurrent(void *context) { return context == &device ? success : invalidValue; }
API cuModuleLoadData(void **module, const char *image) {
	const char *entry = strstr(image, ".visible .entry");
	if (!entry || strstr(entry + 1, ".visible .entry")) return invalidValue; // one kernel a module
	return *module = &device, success;
}
API cuModuleUnload(void *) { return success; }

API cuModuleGetFunction(const void **function, void *, const char *name) {
	for (const Kernel &k : kernels) {
		if (strcmp(k.name, name) == 0) return *function = &k, success;
	}
	return noSuchFunction;
}

API cuFuncGetAttribute(int *v, int, const void *) { return *v = 512, success; }
API cuFuncSetAttribute(const void *, int, int) { return success; }

API cuLaunchKernel(const Kernel *k, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *stream, void **params, void **) {
	if (stream != &device) return invalidValue;
	for (unsigned i = 0; i < k->arguments; i++) memcpy(&arguments[i], params[i], 8);
	launch(k - kernels, k->arguments, {gx, gy, gz}, {bx, by, bz}, shared);
	return success;
}

// A graph is a list of launches, each of which must name the one before it.
struct Node {
	const Kernel *kernel;
	dim3 grid, block;
	unsigned shared;
	void **params, **extra;
	uint64_t arguments[mostArguments];
};
struct Graph {
	std::vector<Node *> nodes;
};

namespace {

void keepArguments(Node *n) {
	for (unsigned i = 0; i < n->kernel->arguments; i++) memcpy(&n->arguments[i], n->params[i], 8);
}

constexpr size_t described = offsetof(Node, arguments); // of a node

} // namespace

API cuGraphCreate(Graph **g, unsigned) { return *g = new Graph, success; }
API cuGraphAddKernelNode(Node **out, Graph *g, Node *const *after, size_t n, const void *kernel) {
	if (n != !g->nodes.empty() || (n > 0 && *after != g->nodes.back())) return invalidValue;
	*out = new Node;
	memcpy(static_cast<void *>(*out), kernel, described);
	keepArguments(*out);
	g->nodes.push_back(*out);
	return success;
}
API cuGraphInstantiateWithFlags(Graph **exec, Graph *g, unsigned long long) { return *exec = g, success; }
API cuGraphExecKernelNodeSetParams(Graph *, Node *n, const Node *to) {
	if (to->kernel != n->kernel) return invalidValue;
	memcpy(static_cast<void *>(n), to, described);
	keepArguments(n);
	return success;
}
API cuGraphLaunch(Graph *g, void *stream) {
	if (stream != &device) return invalidValue;
	for (Node *n : g->nodes) {
		memcpy(arguments, n->arguments, sizeof arguments);
		launch(n->kernel - kernels, n->kernel->arguments, n->grid, n->block, n->shared);
	}
	return success;
}
API cuGraphExecDestroy(Graph *) { return success; }
API cuGraphDestroy(Graph *g) {
	for (Node *n : g->nodes) delete n;
	delete g;
	return success;
}

API cuStreamCreate(void **stream, unsigned) { return *stream = &device, success; }
API cuEventCreate(void **event, unsigned) { return *event = &device, success; }
API cuEventElapsedTime(float *ms, void *, void *) { return *ms = 0.25f, success; }
API cuEventDestroy_v2(void *) { return success; }
API cuEventRecord(void *, void *) { return success; }
API cuEventSynchronize(void *) { return success; }
API cuStreamWaitEvent(void *, void *, unsigned) { return success; }
API cuMemHostAlloc(void **p, size_t n, unsigned) { return *p = aligned_alloc(4096, n), success; }
API cuMemFreeHost(void *p) { return free(p), success; }
API cuStreamDestroy_v2(void *) { return success; }
API cuStreamSynchronize(void *stream) { return stream == &device ? success : invalidValue; }

API cuMemGetInfo_v2(size_t *free, size_t *total) {
	*total = memoryBytes;
	*free = memoryBytes - used;
	return success;
}

API cuMemAlloc_v2(void **p, size_t n) {
	if (n == 0) return invalidValue;
	if (n > memoryBytes - used) return outOfMemory;
	char *block = static_cast<char *>(aligned_alloc(headerBytes, (n + 2 * headerBytes - 1) / headerBytes * headerBytes));
	memcpy(block, &n, sizeof n);
	used += n;
	*p = block + headerBytes;
	return success;
}

API cuMemFree_v2(char *p) {
	size_t n;
	memcpy(&n, p - headerBytes, sizeof n);
	used -= n;
	free(p - headerBytes);
	return success;
}

API cuMemsetD8Async(void *p, unsigned char v, size_t n, void *) { return memset(p, v, n), success; }
API cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t n, void *) { return memcpy(to, from, n), success; }
API cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t n, void *) { return memcpy(to, from, n), success; }
