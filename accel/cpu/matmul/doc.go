// Package matmul multiplies packed quantised weights with float32
// activations: dst[t][r] = Σ_k W[r][k]·x[t][k].
//
// It owns the packed form of every weight type, the prepared form of
// activations and the kernels between them. It never knows about tensors,
// layers, threads or files: a caller hands it bytes, and may call it from as
// many goroutines as it likes, each with its own rows or its own vectors.
//
// # Weights: R16
//
// A weight matrix is cut into blocks of 16 rows. Inside a block, the 16 GGUF
// blocks that cover the same columns are interleaved word by word and become
// one unit, so a 64-byte vector holds the same 4 bytes of 16 rows:
//
//	GGUF, row-major                 packed unit of 16 rows (Q4_0)
//	row 0   d  q0 q1 q2 q3          d  of rows 0…15      16 × 2 bytes
//	row 1   d  q0 q1 q2 q3    →     q0 of rows 0…15      16 × 4 bytes
//	…                               q1 of rows 0…15
//	row 15  d  q0 q1 q2 q3          q2, q3
//
// Nothing is decoded, so a packed matrix has exactly the bytes of the file
// (plus zero rows up to a multiple of 16) and packing is a transposition at
// memory speed. The same bytes serve one vector (decode) and hundreds
// (prefill), on every instruction set. Because lanes are rows, no kernel ever
// adds across lanes: an activation is broadcast, multiplied with 16 rows and
// added to 16 sums.
//
// # Activations
//
// Vectors are prepared once for all products that read them, in groups of 12
// columns (the rest in groups of 8, 4, 2 and 1). A group keeps 4 consecutive
// values of each of its columns side by side, which is the operand of a
// 4-way int8 dot product. See acts.go for the picture.
//
// # Arithmetic
//
// Products of integers are exact. Each activation block of 256 contributes
//
//	d_x · Σ_s  float(Σ_k q_w·q_x) · scale_s
//
// in float32 with fused multiply-adds, in ascending order of s, whatever the
// number of columns, rows or workers: a result does not depend on how the
// work was cut.
package matmul
