// Package vec holds the float32 vector kernels of a forward pass: norms,
// activations, rotary embedding, softmax and conversions to half precision.
//
// Functions are pure: slices in, slices out, no goroutines, no allocation. A
// pool of workers calls them on parts of a matrix. dst may be an input itself;
// it may not overlap an input in any other way. The length of dst (or of the
// only slice) says how many elements there are; inputs must be at least as
// long, and a shorter one panics.
//
// Each function is a loop in plain Go that starts where a vector kernel of the
// running tier stopped:
//
//	for i := addLanes(dst, x); i < len(dst); i++ { // 0 where there is no kernel
//		dst[i] += x[i]
//	}
//
// so the reference, the tail and the fallback are the same lines. NaN
// propagates through everything but ArgMax and MaxAbs, which pass over it.
package vec
