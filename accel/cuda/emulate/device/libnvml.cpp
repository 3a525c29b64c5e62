// The functions of NVIDIA's management library that accel/cuda/nvml calls, for
// the device of libcuda.cpp.
#include <cstring>

namespace {

constexpr int success = 0, notFound = 6;
int device, users; // an address for what must not be null

} // namespace

#define API extern "C" int

API nvmlInit_v2() { return users++, success; }
API nvmlShutdown() { return --users < 0 ? notFound : success; }
API nvmlDeviceGetHandleByUUID(const char *uuid, void **out) {
	if (strcmp(uuid, "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f") != 0) return notFound;
	return *out = &device, success;
}
API nvmlDeviceGetUtilizationRates(void *, unsigned *rates) { return rates[0] = 37, rates[1] = 12, success; }
API nvmlDeviceGetTemperature(void *, int, unsigned *celsius) { return *celsius = 61, success; }
API nvmlDeviceGetPowerUsage(void *, unsigned *milliwatts) { return *milliwatts = 123400, success; }
