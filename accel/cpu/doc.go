// Package cpu executes a forward pass on the processor: a small pool of
// workers, kernels in Go assembly chosen at run time, and the plain Go they
// are tested against.
//
//	Backend ── flush ──▶ pool ──▶ worker 0 (the caller), 1, 2 …
//	   │                            │ dealer: a unit, and the next
//	   │                            ▼
//	 queued products          tile.Acquire ─▶ matmul.Kernel.Mul(rows) ─▶ Release
//
// Consecutive products of one input (q, k, v; gate, up) become one job: the
// activations are quantised once, and the workers take row chunks of all of
// them from one counter, in the order in which the tiles arrive from disk. A
// worker that takes a chunk of a tile still being read waits for that tile
// alone. With one token, a worker takes its next chunk before it does the last:
// the kernel fetches it from memory meanwhile.
//
// The package knows shapes and bytes; it never learns which model they are
// from or where they were read.
package cpu
