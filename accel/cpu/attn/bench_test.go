package attn

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// benchCache returns blocks of a context, the same few blocks of random data
// copied so that every block has its own memory.
func benchCache(b *testing.B, l Layout, positions int) [][]byte {
	r := rand.New(rand.NewPCG(1, 1))
	c := fill(b, r, l, 0, BlockLen)
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
					blocks := benchCache(b, l, ctx)
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
					blocks := benchCache(b, l, pos+n)
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

// BenchmarkProduct is the inner loop alone, on one block of a head in the
// second-level cache.
func BenchmarkProduct(b *testing.B) {
	const k, panels = 128, groups
	for _, typ := range []Type{F32, F16} {
		for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 8, 12} {
			b.Run(fmt.Sprintf("%v/rows%d", typ, rows), func(b *testing.B) {
				c, a := make([]float32, tileRows*lds), make([]float32, tileRows*k)
				w := make([]byte, panels*k*lanes*typ.bytes())
				p := product{
					c: unsafe.Pointer(&c[0]), a: unsafe.Pointer(&a[0]), b: unsafe.Pointer(&w[0]),
					ldc: lds, lda: k, ldb: k * lanes * typ.bytes(), rows: rows, k: k, panels: panels,
				}
				n := 0
				for b.Loop() {
					p.mul(typ)
					n++
				}
				ns := float64(b.Elapsed().Nanoseconds())
				b.ReportMetric(float64(n)*2*float64(rows)*k*panels*lanes/ns, "GFLOP/s")
				b.ReportMetric(float64(n)*float64(len(w))/ns, "GB/s")
			})
		}
	}
}

// BenchmarkStore is one position of all KV heads.
func BenchmarkStore(b *testing.B) {
	for _, typ := range []Type{F16, Q8_0, F32} {
		b.Run(typ.String(), func(b *testing.B) {
			l := Layout{typ, 8, 128, 128}
			r := rand.New(rand.NewPCG(1, 1))
			block, k, v := make([]byte, l.BlockBytes()), values(r, 8*128), values(r, 8*128)
			i := 0
			for b.Loop() {
				l.Store(block, i%BlockLen, k, v)
				i++
			}
		})
	}
}
