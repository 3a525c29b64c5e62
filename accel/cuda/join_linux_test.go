package cuda_test

import (
	"testing"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/accel/cuda"
	"github.com/runnel-chat/runnel/gguf"
)

// decoder is a layer of the usual form, small, with what it works on.
type decoder struct {
	heads, kvHeads, dim, embd, ffn int

	q, k, v, o, gate, up, down *accel.Weight

	norm, ffnNorm []float32
	bias          []float32 // of q, k and v; nil: none
	postNorm      []float32 // of what attention adds; nil: none
	headNorm      []float32 // of each query and key; nil: none
	rope          accel.Rope
	attention     accel.Attention
}

func (p *pair) decoder(typ, other gguf.Type, dim int) *decoder {
	d := &decoder{
		heads: 4, kvHeads: 2, dim: dim, embd: 256, ffn: 512, norm: p.vector(256), ffnNorm: p.vector(256),
		rope:      accel.Rope{Freqs: p.vector(dim / 2), Magnitude: 1, Interleaved: dim%32 != 0},
		attention: accel.Attention{Scale: 1e-10}, // what random weights make is large,
	}
	weight := func(typ gguf.Type, rows, cols int) *accel.Weight {
		w, _ := randomWeight(p.t, p.host, p.rng, typ, rows, cols, 32)
		p.cuda.Place(w)
		return w
	}
	d.q, d.k = weight(typ, d.heads*d.dim, d.embd), weight(typ, d.kvHeads*d.dim, d.embd)
	d.v, d.o = weight(other, d.kvHeads*d.dim, d.embd), weight(typ, d.embd, d.heads*d.dim)
	d.gate, d.up = weight(typ, d.ffn, d.embd), weight(typ, d.ffn, d.embd)
	d.down = weight(other, d.embd, d.ffn)
	return d
}

// buffers are the tensors of a token.
type buffers struct{ x, h, q, k, v, a, gate, up accel.Tensor }

func (p *pair) buffers(d *decoder) (onDevice, onHost buffers) {
	for _, t := range []struct {
		dev, host *accel.Tensor
		cols      int
	}{
		{&onDevice.x, &onHost.x, d.embd},
		{&onDevice.h, &onHost.h, d.embd},
		{&onDevice.q, &onHost.q, d.heads * d.dim},
		{&onDevice.k, &onHost.k, d.kvHeads * d.dim},
		{&onDevice.v, &onHost.v, d.kvHeads * d.dim},
		{&onDevice.a, &onHost.a, d.heads * d.dim},
		{&onDevice.gate, &onHost.gate, d.ffn},
		{&onDevice.up, &onHost.up, d.ffn},
	} {
		*t.dev, *t.host = p.tensors(1, t.cols)
	}
	return onDevice, onHost
}

// alone runs every operation by itself, so that none joins another: what is
// fetched must have been computed.
type alone struct{ *cuda.Backend }

func (a alone) RMSNorm(dst, x accel.Tensor, w []float32, eps float32) {
	a.Backend.RMSNorm(dst, x, w, eps)
	a.Fetch(dst)
}

func (a alone) MatMul(dst accel.Tensor, w *accel.Weight, x accel.Tensor) {
	a.Backend.MatMul(dst, w, x)
	a.Fetch(dst)
}

func (a alone) Rotate(x accel.Tensor, headDim int, r *accel.Rope, pos int) {
	a.Backend.Rotate(x, headDim, r, pos)
	a.Fetch(x)
}

func (a alone) Attend(dst, q accel.Tensor, kv *accel.KV, pos int, at *accel.Attention) {
	a.Backend.Attend(dst, q, kv, pos, at)
	a.Fetch(dst)
}

func (a alone) AddBias(x accel.Tensor, bias []float32) {
	a.Backend.AddBias(x, bias)
	a.Fetch(x)
}

func (a alone) GLU(act accel.Activation, gate, up accel.Tensor) {
	a.Backend.GLU(act, gate, up)
	a.Fetch(gate)
}

// forward is one token through the layer.
func (d *decoder) forward(b accel.Backend, t buffers, kv *accel.KV, pos int) {
	b.RMSNorm(t.h, t.x, d.norm, 1e-5)
	b.MatMul(t.q, d.q, t.h)
	b.MatMul(t.k, d.k, t.h)
	b.MatMul(t.v, d.v, t.h)
	if d.bias != nil {
		b.AddBias(t.q, d.bias[:t.q.Cols])
		b.AddBias(t.k, d.bias[t.q.Cols:][:t.k.Cols])
		b.AddBias(t.v, d.bias[t.q.Cols:][t.k.Cols:])
	}
	for _, x := range []accel.Tensor{t.q, t.k} {
		if d.headNorm != nil {
			b.RMSNorm(x.Split(d.dim), x.Split(d.dim), d.headNorm, 1e-5)
		}
		b.Rotate(x, d.dim, &d.rope, pos)
	}
	b.Store(kv, t.k, t.v, pos)
	b.Attend(t.a, t.q, kv, pos, &d.attention)
	b.MatMul(t.h, d.o, t.a)
	if d.postNorm != nil {
		b.RMSNorm(t.h, t.h, d.postNorm, 1e-5)
	}
	b.Add(t.x, t.h)
	b.RMSNorm(t.h, t.x, d.ffnNorm, 1e-5)
	b.MatMul(t.gate, d.gate, t.h)
	b.MatMul(t.up, d.up, t.h)
	b.GLU(accel.SiLU, t.gate, t.up)
	b.MatMul(t.h, d.down, t.gate)
	b.Add(t.x, t.h)
}

// TestLaunchesOfALayer counts what is launched for a token: what can join has,
// and the values are to the bit those of operations by themselves. They are near
// the host's.
func TestLaunchesOfALayer(t *testing.T) {
	for _, c := range []struct {
		typ, other gguf.Type
		kv         accel.KVType
		dim        int      // of a head
		more       bool     // biases, norms of heads and of what attention adds
		launches   []string // of a token behind a context that is cut into parts
	}{
		{gguf.Q8_0, gguf.Q8_0, accel.KVF16, 64, false, []string{
			"rmsNormQuantise", "product1_Q8_0", "ropeStore_KVF16", "attend_KVF16", "product1_Q8_0",
			"product1_Q8_0", "product1_Q8_0",
		}},
		{gguf.Q4_0, gguf.Q8_0, accel.KVQ8, 96, false, []string{
			"rmsNormQuantise", "product1_Q4_0", "product1_Q8_0", "ropeStore_KVQ8", "attend_KVQ8",
			"product1_Q4_0", "product1_Q4_0", "product1_Q8_0",
		}},
		{gguf.F16, gguf.F32, accel.KVF32, 44, false, []string{
			"rmsNorm", "product1_F16", "product1_F32", "ropeStore_KVF32", "attend_KVF32",
			"product1_F16", "product1_F16", "product1_F32",
		}},
		{gguf.Q8_0, gguf.Q8_0, accel.KVF16, 64, true, []string{
			"rmsNormQuantise", "product1_Q8_0", "ropeStore_KVF16", "attend_KVF16", "product1_Q8_0",
			"product1_Q8_0", "product1_Q8_0",
		}},
	} {
		t.Run(c.typ.String(), func(t *testing.T) {
			p := newPair(t)
			d := p.decoder(c.typ, c.other, c.dim)
			if c.more {
				d.bias, d.postNorm = p.vector((d.heads+2*d.kvHeads)*d.dim), p.vector(d.embd)
				d.headNorm = p.vector(d.dim)
			}
			onDevice, onHost := p.buffers(d)
			const positions = 520
			alone, apart := alone{p.cuda}, onDevice
			apart.x, _ = p.tensors(1, d.embd)
			kv, hkv := p.caches(accel.KVShape{Type: c.kv, Heads: d.kvHeads, DK: d.dim, DV: d.dim}, 0, positions)
			k, hk := p.tensors(positions-4, d.kvHeads*d.dim)
			v, hv := p.tensors(positions-4, d.kvHeads*d.dim)
			p.cuda.Store(kv, k, v, 0)
			p.host.Store(hkv, hk, hv, 0)
			for pos := positions - 4; pos < positions; pos++ {
				x, hx := p.tensors(1, d.embd)
				p.cuda.Copy(onDevice.x, 0, x, 0, d.embd)
				p.host.Copy(onHost.x, 0, hx, 0, d.embd)
				p.cuda.Rotate(onDevice.k, d.dim, &d.rope, pos) // the angles are there, as in all layers but the first
				p.cuda.Fetch(onDevice.x)
				before := len(p.device.launched)
				d.forward(p.cuda, onDevice, kv, pos)
				p.cuda.Fetch(onDevice.x)
				names := p.device.launched[before:]
				d.forward(p.host, onHost, hkv, pos)
				p.near(onDevice.x, onHost.x)
				p.near(onDevice.h, onHost.h)
				p.cuda.Copy(apart.x, 0, x, 0, d.embd)
				d.forward(alone, apart, kv, pos)
				p.cuda.Fetch(apart.x)
				if c.more { // a norm of a head adds up in another order
					p.near(onDevice.x, apart.x)
				} else {
					p.equal("joined", onDevice.x, apart.x, 0)
				}
				if pos == positions-4 {
					continue // weights and vectors were uploaded between
				}
				if len(names) != len(c.launches) {
					t.Fatalf("%d launches: %v", len(names), names)
				}
				for i := range names {
					if names[i] != c.launches[i] {
						t.Fatalf("launches: %v\nwant %v", names, c.launches)
					}
				}
			}
			p.onDevice()
		})
	}
}

// TestAddToTheInput adds a product to what it multiplies: it must not begin
// before all of that was read.
func TestAddToTheInput(t *testing.T) {
	p := newPair(t)
	for _, typ := range []gguf.Type{gguf.F32, gguf.Q8_0} {
		w, _ := randomWeight(t, p.host, p.rng, typ, 64, 64, 64)
		p.cuda.Place(w)
		x, hx := p.tensors(1, 64)
		y, hy := p.tensors(1, 64)
		p.cuda.Scale(x, 1)
		p.cuda.MatMul(y, w, x)
		p.cuda.Add(x, y)
		p.host.MatMul(hy, w, hx)
		p.host.Add(hx, hy)
		p.near(x, hx)
	}
}
