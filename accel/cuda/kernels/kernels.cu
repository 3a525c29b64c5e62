// All kernels, as one module.
#include "attention.cuh"
#include "matmul.cuh"
#include "row.cuh"
#include "tile.cuh"
