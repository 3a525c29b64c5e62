package attn

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchCache returns blocks of a context, the same few blocks of random data
// copied so that every block has its own memory.
func benchCache(l Layout, positions int) [][]byte {
	r := rand.New(rand.NewPCG(1, 1))
	c := fill(r, l, 0, BlockLen)
	blocks := make([][]byte, (positions+BlockLen-1)/BlockLen)
	for i := range blocks {
		blocks[i] = append([]byte(nil), c.blocks[0]...)
	}
	return blocks
}

// BenchmarkDecode is one query over a long context, all KV heads on one core.
func BenchmarkDecode(b *testing.B) {
	for _, typ := range []Type{F16, Q8_0, F32} {
		for _, ctx := range []int{4096, 8192, 32768} {
			for _, s := range []struct{ qHeads, heads, d int }{{32, 8, 128}, {8, 8, 128}, {14, 2, 64}} {
				l := Layout{typ, s.heads, s.d, s.d}
				b.Run(fmt.Sprintf("%v/ctx%d/h%d_%d_d%d", typ, ctx, s.qHeads, s.heads, s.d), func(b *testing.B) {
					blocks := benchCache(l, ctx)
					r := rand.New(rand.NewPCG(2, 2))
					q, dst := values(r, s.qHeads*s.d), make([]float32, s.qHeads*s.d)
					scratch := make([]byte, l.ScratchBytes(s.qHeads, 1))
					p := &Params{Scale: scale(s.d)}
					b.SetBytes(int64(ctx) * int64(l.TokenBytes()))
					for b.Loop() {
						for h := range l.Heads {
							l.Attend(dst, q, s.qHeads, blocks, 0, ctx-1, 1, h, 0, 1, p, scratch)
						}
					}
				})
			}
		}
	}
}

// BenchmarkPrefill is a prompt of 512 tokens after some context, one KV head
// on one core, in runs of 32 queries as the workers take them.
func BenchmarkPrefill(b *testing.B) {
	const n, run = 512, 32
	for _, typ := range []Type{F16, Q8_0, F32} {
		for _, pos := range []int{0, 4096} {
			for _, s := range []struct{ group, d int }{{4, 128}, {1, 128}, {4, 64}, {7, 64}} {
				l := Layout{typ, 1, s.d, s.d}
				b.Run(fmt.Sprintf("%v/pos%d/g%d_d%d", typ, pos, s.group, s.d), func(b *testing.B) {
					blocks := benchCache(l, pos+n)
					r := rand.New(rand.NewPCG(2, 2))
					q, dst := values(r, n*s.group*s.d), make([]float32, n*s.group*s.d)
					scratch := make([]byte, l.ScratchBytes(s.group, run))
					p := &Params{Scale: scale(s.d)}
					keys := 0 // that some query sees
					for t := range n {
						keys += pos + t + 1
					}
					runs := 0
					for b.Loop() {
						for t := 0; t < n; t += run {
							l.Attend(dst, q, s.group, blocks, 0, pos, n, 0, t, t+run, p, scratch)
						}
						runs++
					}
					flop := 4 * float64(keys) * float64(s.group) * float64(s.d) * float64(runs)
					b.ReportMetric(flop/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
				})
			}
		}
	}
}
