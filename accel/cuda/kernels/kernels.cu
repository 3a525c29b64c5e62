// All kernels, as one module.
#include "attention.cuh"
#include "best.cuh"
#include "flash.cuh"
#include "half.cuh"
#include "matmul.cuh"
#include "route.cuh"
#include "row.cuh"
#include "tile.cuh"
