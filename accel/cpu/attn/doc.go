// Package attn owns the layout of a block of the KV cache and attention over
// such blocks. It knows heads and positions; it never learns about sequences,
// layers or where a block comes from.
//
// A block holds BlockLen positions. Everything that one KV head needs is
// contiguous, and both halves have the shape in which one small matrix
// product reads them from front to back, 32 columns at a time:
//
//	head h │ keys    [8 groups][DK][32 positions]     scores: q[rows][DK] · K
//	       │ values  [DV/32 panels][256 positions][32] output: p[rows][keys] · V
//	head h+1 …
//
// So keys are transposed within groups of 32 positions, which turns scores
// into broadcasts and multiply-adds without a horizontal sum, and values are
// cut into panels of 32 dimensions. Rows are the queries of all heads that
// share the KV head: a cache line is read once for the whole group.
//
// Attention walks the blocks once with a running maximum and sum
// (FlashAttention, arXiv 2205.14135). A row is a query of one head at one
// position; rows are taken twelve at a time, as many as the accumulators of a
// 32-register machine hold.
//
// Q8_0 keeps int8 codes with a half-precision scale per 32 dimensions; scores
// are integer products with the query quantised the same way.
package attn
