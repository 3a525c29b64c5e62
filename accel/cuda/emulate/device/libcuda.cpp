// The functions of NVIDIA's driver that accel/cuda calls, on the emulation: with
// it as libcuda.so.1, a program with the build tag cuda finds a device. Memory
// of the device is memory of the process; PTX is not looked at.
#include "run.h"

#include <cstring>

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
	case 16: *v = 4; break; // CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
	default: return invalidValue;
	}
	return success;
}
API cuDevicePrimaryCtxRetain(void **context, int) { return *context = &device, success; }
API cuDevicePrimaryCtxRelease_v2(int) { return success; }
API cuCtxSetCurrent(void *context) { return context == &device ? success : invalidValue; }
API cuModuleLoadData(void **module, const char *image) {
	if (!strstr(image, ".visible .entry")) return invalidValue;
	return *module = &device, success;
}
API cuModuleUnload(void *) { return success; }

API cuModuleGetFunction(const void **function, void *, const char *name) {
	for (const Kernel &k : kernels) {
		if (strcmp(k.name, name) == 0) return *function = &k, success;
	}
	return noSuchFunction;
}

API cuLaunchKernel(const Kernel *k, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *, void **params, void **) {
	for (unsigned i = 0; i < k->arguments; i++) memcpy(&arguments[i], params[i], 8);
	launch(k - kernels, k->arguments, {gx, gy, gz}, {bx, by, bz}, shared);
	return success;
}

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

API cuMemsetD8_v2(void *p, unsigned char v, size_t n) { return memset(p, v, n), success; }
API cuMemcpyHtoD_v2(void *to, const void *from, size_t n) { return memcpy(to, from, n), success; }
API cuMemcpyDtoH_v2(void *to, const void *from, size_t n) { return memcpy(to, from, n), success; }
