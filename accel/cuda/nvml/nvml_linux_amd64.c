//go:build cuda

#include <dlfcn.h>
#include <stddef.h>

// From the reference of NVML: each function returns 0 when it worked.
struct utilization {
	unsigned gpu, memory; // percent
};

static int (*deviceByUUID)(const char *, void **);
static int (*utilizationRates)(void *, struct utilization *);
static int (*temperature)(void *, int sensor, unsigned *celsius);
static int (*powerUsage)(void *, unsigned *milliwatts);
static int (*shutDown)(void);

static const int dieSensor = 0;

// -1: there is no library, or an old one.
int runnelNvmlOpen(const char *uuid, void **device) {
	void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL); // stays loaded, as the driver does
	if (!library) return -1;
	int (*init)(void) = (int (*)(void))dlsym(library, "nvmlInit_v2");
	deviceByUUID = (int (*)(const char *, void **))dlsym(library, "nvmlDeviceGetHandleByUUID");
	utilizationRates = (int (*)(void *, struct utilization *))dlsym(library, "nvmlDeviceGetUtilizationRates");
	temperature = (int (*)(void *, int, unsigned *))dlsym(library, "nvmlDeviceGetTemperature");
	powerUsage = (int (*)(void *, unsigned *))dlsym(library, "nvmlDeviceGetPowerUsage");
	shutDown = (int (*)(void))dlsym(library, "nvmlShutdown");
	if (!init || !deviceByUUID || !utilizationRates || !temperature || !powerUsage || !shutDown) return -1;
	int code = init();
	if (code != 0) return code;
	code = deviceByUUID(uuid, device);
	if (code != 0) shutDown();
	return code;
}

void runnelNvmlRead(void *device, int *percent, int *celsius, int *milliwatts) {
	struct utilization u;
	unsigned value;
	*percent = utilizationRates(device, &u) == 0 ? (int)u.gpu : -1;
	*celsius = temperature(device, dieSensor, &value) == 0 ? (int)value : -1;
	*milliwatts = powerUsage(device, &value) == 0 ? (int)value : -1;
}

int runnelNvmlClose(void) { return shutDown(); }
