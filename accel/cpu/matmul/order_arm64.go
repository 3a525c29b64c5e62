//go:build !noasm

package matmul

// inOrder is of no use here: the kernels leave it to the processor to look
// ahead.
var inOrder = true
