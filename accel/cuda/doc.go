// Package cuda executes a forward pass on an NVIDIA GPU.
//
// A Backend puts a device beside another backend, the host. Every tensor and
// every block of the KV cache has a copy on each side, and the backend knows
// which one is newer where; a copy moves only when the other side needs it. So
// an operation that the device lacks, a weight that found no room there, and
// all that follows from either run on the host, without the model knowing, and
// are counted.
//
// Both sides share one form of everything: weights are uploaded as accel/cpu
// has packed them (16 rows interleaved, which suits a warp as it suits a
// vector register), blocks of the KV cache have its layout. The kernels are
// CUDA C++ (package kernels), compiled to PTX that is embedded with the build
// tag cuda and compiled for the device by its driver.
//
// Launches are gathered: what continues the last one joins it (join*.go), and
// the device gets a long series at a time, which it keeps as a graph when it
// comes again (series.go, graph_cuda.go). A weight that was placed here leaves
// the host's memory; one that was not visits the device when a prompt is long
// enough to be worth the way (visit.go).
//
// A device that fails is not used again: Sync returns an error that is
// accel.ErrDeviceLost once, what the KV cache held is lost, and from then on
// everything runs on the host.
package cuda
