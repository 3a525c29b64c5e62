// Package kernels holds the sources of the CUDA kernels: kernels.cu includes
// the others. nvcc makes the PTX under assets of them (see .ci/cuda), and
// accel/cuda/emulate a program of an ordinary processor.
package kernels

import "embed"

// Sources holds the files of this folder.
//
//go:embed *.cu *.cuh
var Sources embed.FS
