//go:build cuda

#include <dlfcn.h>
#include <stddef.h>

// LIBRARY lists what gorgonia.org/cu v0.9.6 refers to when it is built with
// the headers of CUDA 11.8: nm -D --undefined-only of a program linked to the
// driver's stub.
#define LIBRARY(each) \
	each(cuArray3DCreate_v2) each(cuArray3DGetDescriptor_v2) each(cuArrayCreate_v2) each(cuArrayDestroy) \
	each(cuArrayGetDescriptor_v2) each(cuCtxCreate_v2) each(cuCtxDestroy_v2) each(cuCtxDisablePeerAccess) \
	each(cuCtxEnablePeerAccess) each(cuCtxGetApiVersion) each(cuCtxGetCacheConfig) each(cuCtxGetCurrent) \
	each(cuCtxGetDevice) each(cuCtxGetFlags) each(cuCtxGetLimit) each(cuCtxGetSharedMemConfig) \
	each(cuCtxGetStreamPriorityRange) each(cuCtxPopCurrent_v2) each(cuCtxPushCurrent_v2) \
	each(cuCtxResetPersistingL2Cache) each(cuCtxSetCacheConfig) each(cuCtxSetCurrent) each(cuCtxSetLimit) \
	each(cuCtxSetSharedMemConfig) each(cuCtxSynchronize) each(cuDeviceCanAccessPeer) each(cuDeviceGet) \
	each(cuDeviceGetAttribute) each(cuDeviceGetCount) each(cuDeviceGetName) each(cuDeviceGetP2PAttribute) \
	each(cuDeviceGetUuid) each(cuDevicePrimaryCtxGetState) each(cuDevicePrimaryCtxRelease_v2) \
	each(cuDevicePrimaryCtxReset_v2) each(cuDevicePrimaryCtxRetain) each(cuDevicePrimaryCtxSetFlags_v2) \
	each(cuDeviceTotalMem_v2) each(cuDriverGetVersion) each(cuEventCreate) each(cuEventDestroy_v2) \
	each(cuEventElapsedTime) each(cuEventQuery) each(cuEventRecord) each(cuEventSynchronize) \
	each(cuFuncGetAttribute) each(cuFuncSetCacheConfig) each(cuFuncSetSharedMemConfig) \
	each(cuGraphAddChildGraphNode) each(cuGraphAddDependencies) each(cuGraphAddEmptyNode) \
	each(cuGraphAddHostNode) each(cuGraphAddKernelNode) each(cuGraphAddMemcpyNode) each(cuGraphAddMemsetNode) \
	each(cuGraphClone) each(cuGraphCreate) each(cuGraphDestroy) each(cuGraphDestroyNode) \
	each(cuGraphExecDestroy) each(cuGraphGetEdges) each(cuLaunchKernel) each(cuLinkAddData_v2) \
	each(cuLinkAddFile_v2) each(cuLinkComplete) each(cuLinkCreate_v2) each(cuLinkDestroy) each(cuMemAdvise) \
	each(cuMemAllocManaged) each(cuMemAllocPitch_v2) each(cuMemAlloc_v2) each(cuMemFreeHost) \
	each(cuMemFree_v2) each(cuMemGetAddressRange_v2) each(cuMemGetInfo_v2) each(cuMemPrefetchAsync) \
	each(cuMemcpy) each(cuMemcpy2DAsync_v2) each(cuMemcpy2DUnaligned_v2) each(cuMemcpy2D_v2) \
	each(cuMemcpy3DAsync_v2) each(cuMemcpy3DPeer) each(cuMemcpy3DPeerAsync) each(cuMemcpy3D_v2) \
	each(cuMemcpyAsync) each(cuMemcpyAtoA_v2) each(cuMemcpyAtoD_v2) each(cuMemcpyAtoHAsync_v2) \
	each(cuMemcpyAtoH_v2) each(cuMemcpyDtoA_v2) each(cuMemcpyDtoDAsync_v2) each(cuMemcpyDtoD_v2) \
	each(cuMemcpyDtoHAsync_v2) each(cuMemcpyDtoH_v2) each(cuMemcpyHtoAAsync_v2) each(cuMemcpyHtoA_v2) \
	each(cuMemcpyHtoDAsync_v2) each(cuMemcpyHtoD_v2) each(cuMemcpyPeer) each(cuMemcpyPeerAsync) \
	each(cuMemsetD16Async) each(cuMemsetD16_v2) each(cuMemsetD2D16Async) each(cuMemsetD2D16_v2) \
	each(cuMemsetD2D32Async) each(cuMemsetD2D32_v2) each(cuMemsetD2D8Async) each(cuMemsetD2D8_v2) \
	each(cuMemsetD32Async) each(cuMemsetD32_v2) each(cuMemsetD8Async) each(cuMemsetD8_v2) \
	each(cuModuleGetFunction) each(cuModuleGetGlobal_v2) each(cuModuleGetSurfRef) each(cuModuleGetTexRef) \
	each(cuModuleLoad) each(cuModuleLoadData) each(cuModuleLoadDataEx) each(cuModuleLoadFatBinary) \
	each(cuModuleUnload) each(cuOccupancyMaxActiveBlocksPerMultiprocessor) \
	each(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags) each(cuPointerGetAttribute) \
	each(cuPointerSetAttribute) each(cuStreamAttachMemAsync) each(cuStreamCreate) \
	each(cuStreamCreateWithPriority) each(cuStreamDestroy_v2) each(cuStreamGetFlags) each(cuStreamGetPriority) \
	each(cuStreamQuery) each(cuStreamSynchronize) each(cuStreamWaitEvent) each(cuStreamWaitValue32) \
	each(cuStreamWriteValue32) each(cuSurfRefGetArray) each(cuSurfRefSetArray) each(cuTexRefGetAddressMode) \
	each(cuTexRefGetAddress_v2) each(cuTexRefGetArray) each(cuTexRefGetBorderColor) \
	each(cuTexRefGetFilterMode) each(cuTexRefGetFlags) each(cuTexRefGetFormat) each(cuTexRefGetMaxAnisotropy) \
	each(cuTexRefSetAddress2D_v3) each(cuTexRefSetAddressMode) each(cuTexRefSetAddress_v2) \
	each(cuTexRefSetArray) each(cuTexRefSetBorderColor) each(cuTexRefSetFilterMode) each(cuTexRefSetFlags) \
	each(cuTexRefSetFormat) each(cuTexRefSetMaxAnisotropy) each(cuTexRefSetMipmapFilterMode) \
	each(cuTexRefSetMipmapLevelBias) each(cuTexRefSetMipmapLevelClamp)

// OWN lists what this package calls beyond that.
#define OWN(each) \
	each(cuFuncSetAttribute) each(cuGetErrorName) each(cuGraphExecKernelNodeSetParams) \
	each(cuGraphInstantiateWithFlags) each(cuGraphLaunch) each(cuMemHostAlloc)

#define FUNCTIONS(each) LIBRARY(each) OWN(each)

#define HIDDEN __attribute__((visibility("hidden")))

// A slot holds the address of a function; the function of that name jumps to it.
#define FORWARD(name)                            \
	HIDDEN void *runnel_##name;                  \
	__asm__(".text\n"                            \
	        ".globl " #name "\n"                 \
	        ".hidden " #name "\n"                \
	        ".type " #name ", @function\n"       \
	        #name ": jmp *runnel_" #name "(%rip)\n");
FUNCTIONS(FORWARD)

#define SLOT(name) {#name, &runnel_##name},
static const struct {
	const char *name;
	void **slot;
} slots[] = {FUNCTIONS(SLOT)};

static int noDevice(void) { return 100; } // CUDA_ERROR_NO_DEVICE

HIDDEN int runnelCudaState = -1;

HIDDEN int cuInit(unsigned flags) {
	(void)flags;
	return 0;
}

__attribute__((constructor)) static void load(void) {
	void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
		void *f = driver ? dlsym(driver, slots[i].name) : NULL;
		*slots[i].slot = f ? f : (void *)noDevice;
	}
	int (*init)(unsigned) = driver ? (int (*)(unsigned))dlsym(driver, "cuInit") : NULL;
	if (init) runnelCudaState = init(0);
}
