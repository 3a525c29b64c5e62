// Package model holds the architectures, one file each, on shared building
// blocks.
//
// An architecture is a function that declares its tensors in the order in
// which a pass reads them, every one with its shape, and a layer that speaks
// the operations of accel. The order matters: the prefetcher reads ahead
// along it.
//
//	d := NewDeclaration(file, backend, vectors)
//	m, err := New(d)           // tensors found and proven
//	d.Matrices                 // what must be made resident, in order
//	m.Forward(pass)            // one run of tokens through all layers
//
// The package reads no file and holds no weight: matrices are lent by tiles,
// and only the small vectors (norms, biases) are kept as they are.
package model
