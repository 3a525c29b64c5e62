package main

// The structures that Go and the assembly share; layout_test.go of the parent
// package compares them with the Go types.
const (
	argDst     = 0   // *float32: the first row of the first vector
	argLdd     = 8   // bytes between vectors of dst
	argW       = 16  // packed units or panels
	argW2      = 24  // the second block of rows, where there are no panels
	argActs    = 32  // blocks of a group of vectors
	argSums    = 40  // its sums for mins
	argN       = 48  // blocks of 64 columns, or units, or columns of floats
	argFirst   = 56  // not 0: dst holds nothing yet
	argNext    = 64  // bytes from the activations of a group to the next
	argCount   = 72  // groups of vectors, or blocks of 16 rows
	argPanel   = 80  // where to unpack to
	argAhead   = 88  // packed units that are read soon
	argInOrder = 96  // not 0: they follow each other; else they are the next call's
	argStep    = 104 // of a kernel's own: bytes from turn to turn
)

// A panel is 16 rows by up to 512 columns, unpacked.
const (
	panelCols   = 512
	panelScales = panelCols / 4 * 64            // [128] vectors of quants
	panelMins   = panelScales + panelCols/16*64 // [32] vectors of scales
	panelDmin   = panelMins + panelCols/32*64   // [16] vectors of mins
	panelSize   = panelDmin + panelCols/256*64  // [2] vectors
)

// Offsets in an activation block of one vector; those of c vectors are c
// times as large.
const (
	offSum32  = 64
	offSum16  = offSum32 + 8
	offScale  = offSum16 + 16
	blockSize = offScale + 4

	offPair16 = 0
	offPair32 = 32
	offUnit   = offPair32 + 16
	superSize = offUnit + 4
)
