// Package accel is the vocabulary of a forward pass and the contract of who
// executes it.
//
// A model file speaks in Tensors (activations), Weights (quantised matrices
// lent tile by tile) and the operations of Backend; accel/cpu executes them
// in Go and assembly, accel/cuda on a GPU. The package knows no architecture,
// no file and no cache: the bytes of a weight come through the Tiles
// interface, whoever implements it.
//
// Operations are void and may be deferred: a backend is free to gather
// consecutive products of one input into a single job, or to record a graph.
// Errors stick; Sync runs what is queued and returns the first of them. So an
// architecture reads like its paper:
//
//	b.RMSNorm(h, x, w.norm, eps)
//	b.MatMul(q, w.q, h)
//	b.MatMul(k, w.k, h)
//	b.MatMul(v, w.v, h)
package accel
