package cuda_test

import (
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/accel"
)

// caches makes one empty layer of a cache for each side.
func (p *pair) caches(s accel.KVShape, first, positions int) (onDevice, onHost *accel.KV) {
	onDevice, onHost = &accel.KV{Shape: s, First: first}, &accel.KV{Shape: s, First: first}
	for at := 0; at < positions; at += accel.KVBlock {
		onDevice.Blocks = append(onDevice.Blocks, make([]byte, p.host.KVBlockBytes(s)))
		onHost.Blocks = append(onHost.Blocks, make([]byte, p.host.KVBlockBytes(s)))
	}
	return onDevice, onHost
}

// attentionLayer is a shape of attention.
type attentionLayer struct {
	heads, group, dk, dv int
	accel.Attention
}

// TestAttention compares attention with the host's: storage types, head sizes
// with partial panels, grouped heads, windows, caps and sinks, one query over
// a long context (which is split) and many.
func TestAttention(t *testing.T) {
	layers := []attentionLayer{
		{1, 1, 8, 8, accel.Attention{Scale: 0.35}},
		{2, 4, 64, 64, accel.Attention{Scale: 0.125}},
		{2, 3, 33, 40, accel.Attention{Scale: 0.2, SoftCap: 3}},
		{1, 8, 96, 200, accel.Attention{Scale: 0.1, Window: 40}},
		{1, 12, 40, 300, accel.Attention{Scale: 0.1}},
		{2, 2, 32, 32, accel.Attention{Scale: 0.2, Window: 300, Sinks: []float32{0.5, -2, 3, 0}}},
		{1, 5, 36, 512, accel.Attention{Scale: 0.1, Sinks: []float32{0.5, -2, 3, 0, 1}}},
	}
	for _, kind := range []accel.KVType{accel.KVF32, accel.KVF16, accel.KVQ8} {
		t.Run(kind.String(), func(t *testing.T) {
			for i, l := range layers {
				if testing.Short() && i%2 == 1 {
					continue
				}
				p := newPair(t)
				s := accel.KVShape{Type: kind, Heads: l.heads, DK: l.dk, DV: l.dv}
				const first = 512
				kv, hkv := p.caches(s, first, 900)
				for pos, n := first, 0; pos < first+900; pos += n {
					n = min(first+900-pos, []int{250, 1, 3, 1, 15, 1, 1}[(pos-first)%7])
					k, hk := p.tensors(n, l.heads*l.dk)
					v, hv := p.tensors(n, l.heads*l.dv)
					p.cuda.Store(kv, k, v, pos)
					p.host.Store(hkv, hk, hv, pos)
					if n > 64 { // only stored
						continue
					}
					q, hq := p.tensors(n, l.heads*l.group*l.dk)
					a, ha := p.tensors(n, l.heads*l.group*l.dv)
					p.cuda.Attend(a, q, kv, pos, &l.Attention)
					p.host.Attend(ha, hq, hkv, pos, &l.Attention)
					tolerance := 2e-5
					if kind == accel.KVQ8 {
						tolerance = 0.03 // the host quantises the query too
					}
					p.equal(fmt.Sprintf("layer %d, %d queries at %d", i, n, pos), a, ha, tolerance)
				}
				p.onDevice()
			}
		})
	}
}

// TestFlash compares attention of many queries, on tensor cores: head sizes with
// partial fragments and panels, tiles across tokens and heads, windows, caps and
// sinks.
func TestFlash(t *testing.T) {
	layers := []attentionLayer{
		{1, 1, 8, 8, accel.Attention{Scale: 0.35}},
		{2, 4, 64, 64, accel.Attention{Scale: 0.125}},
		{2, 3, 33, 40, accel.Attention{Scale: 0.2, SoftCap: 3}},
		{1, 2, 96, 200, accel.Attention{Scale: 0.1, Window: 40}},
		{1, 1, 256, 256, accel.Attention{Scale: 0.0625}},
		{2, 2, 32, 32, accel.Attention{Scale: 0.2, Window: 300, Sinks: []float32{0.5, -2, 3, 0}}},
		{1, 5, 36, 128, accel.Attention{Scale: 0.1, Sinks: []float32{0.5, -2, 3, 0, 1}}},
	}
	for _, kind := range []accel.KVType{accel.KVF16, accel.KVQ8} {
		t.Run(kind.String(), func(t *testing.T) {
			for i, l := range layers {
				p := newPair(t)
				const first = 512
				kv, hkv := p.caches(accel.KVShape{Type: kind, Heads: l.heads, DK: l.dk, DV: l.dv}, first, 600)
				pos := first
				for _, n := range []int{16, 17, 1, 70, 200, 1, 130, 33, 64, 20} {
					k, hk := p.tensors(n, l.heads*l.dk)
					v, hv := p.tensors(n, l.heads*l.dv)
					p.cuda.Store(kv, k, v, pos)
					p.host.Store(hkv, hk, hv, pos)
					if n < 100 {
						q, hq := p.tensors(n, l.heads*l.group*l.dk)
						a, ha := p.tensors(n, l.heads*l.group*l.dv)
						p.cuda.Attend(a, q, kv, pos, &l.Attention)
						p.host.Attend(ha, hq, hkv, pos, &l.Attention)
						p.equal(fmt.Sprintf("layer %d, %d queries at %d", i, n, pos), a, ha, flashTolerance(kind))
					}
					pos += n
				}
				p.onDevice()
				if name := fmt.Sprintf("flash%d_KV", max(2, 1<<bits.Len(uint((l.dv-1)/32)))); !strings.Contains(strings.Join(p.device.launched, " "), name) {
					t.Errorf("layer %d: %s did not run", i, name)
				}
			}
		})
	}
}

// flashTolerance is how much halves may change what the host computes, which
// itself quantises queries for a cache of bytes.
func flashTolerance(kind accel.KVType) float64 {
	if kind == accel.KVQ8 {
		return 0.03
	}
	return 2e-3
}

// TestCacheOnBothSides stores some positions on the host, others on the
// device, and attends on either.
func TestCacheOnBothSides(t *testing.T) {
	p := newPair(t)
	s := accel.KVShape{Type: accel.KVF16, Heads: 1, DK: 32, DV: 32}
	kv, hkv := p.caches(s, 0, 300)
	at := accel.Attention{Scale: 0.2}
	w, _ := randomWeight(t, p.host, p.rng, 0, 32, 32, 32) // not placed: what it makes is on the host
	for pos := range 300 {
		var x, hx [3]accel.Tensor
		for i := range x {
			x[i], hx[i] = p.tensors(1, 32)
		}
		if pos%3 == 1 {
			y, hy := p.tensors(1, 32)
			for i := range x {
				p.cuda.MatMul(x[i], w, y)
				p.host.MatMul(hx[i], w, hy)
				p.cuda.RMSNorm(x[i], x[i], nil, 1e-2)
				p.host.RMSNorm(hx[i], hx[i], nil, 1e-2)
			}
		}
		p.cuda.Store(kv, x[0], x[1], pos)
		p.host.Store(hkv, hx[0], hx[1], pos)
		if pos%7 < 2 {
			p.cuda.Attend(x[1], x[2], kv, pos, &at)
			p.host.Attend(hx[1], hx[2], hkv, pos, &at)
			p.equal(fmt.Sprint("at ", pos), x[1], hx[1], 1e-3)
		}
	}
}

// TestForget gives blocks back: their copies go too.
func TestForget(t *testing.T) {
	p := newPair(t)
	s := accel.KVShape{Type: accel.KVF32, Heads: 1, DK: 8, DV: 8}
	k, _ := p.tensors(1, 8)
	kv, _ := p.caches(s, 0, 1)
	p.cuda.Store(kv, k, k, 0)
	used := p.device.inUse
	p.cuda.Forget(kv.Blocks[0])
	if n := p.device.inUse; n != used-1 {
		t.Errorf("%d allocations, before %d", n, used)
	}
}
