package cuda_test

import (
	"math"
	"slices"
	"testing"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/gguf"
)

// experts makes weights for n experts, on the device if they are placed there.
func (p *pair) experts(typ gguf.Type, n, rows, cols int, placed bool) []*accel.Weight {
	ws := make([]*accel.Weight, n)
	for i := range ws {
		ws[i], _ = randomWeight(p.t, p.host, p.rng, typ, rows, cols, 32)
		if placed {
			p.cuda.Place(ws[i])
		}
	}
	return ws
}

// TestMixtureOfOneToken compares the way of a token through a mixture whose
// experts the device chooses, with every way of choosing: equal scores, and
// scores that are not numbers, are decided as the host decides.
func TestMixtureOfOneToken(t *testing.T) {
	p := newPair(t)
	const embd, ffn = 64, 96
	for i, c := range []accel.Routing{
		{Experts: 4, Used: 2},
		{Experts: 8, Used: 1, Scale: 2.5},
		{Experts: 33, Used: 8, Normalise: true},
		{Experts: 40, Used: 6, Sigmoid: true, Normalise: true, Bias: p.vector(40), Scale: 1.5},
		{Experts: 32, Used: 32, OfChosen: true},
		{Experts: 64, Used: 4, OfChosen: true, Output: p.vector(64)},
		{Experts: 130, Used: 5, Sigmoid: true},
		{Experts: 24, Used: 3, Groups: 6, GroupsUsed: 2},
		{Experts: 64, Used: 8, Groups: 32, GroupsUsed: 5, Sigmoid: true, Bias: p.vector(64)},
		{Experts: 8, Used: 2, Groups: 8, GroupsUsed: 3, Sigmoid: true, Bias: p.vector(8)},
	} {
		typ := []gguf.Type{gguf.F32, gguf.Q8_0, gguf.F16}[i%3]
		gate, up := p.experts(typ, c.Experts, ffn, embd, true), p.experts(typ, c.Experts, ffn, embd, true)
		down := p.experts(typ, c.Experts, embd, ffn, true)
		c.Weights = [][]*accel.Weight{gate, up, down}
		bias := p.vector(c.Experts * ffn)
		for round := range 4 {
			t.Logf("routing %d, round %d", i, round)
			logits, hlogits := p.tensors(1, c.Experts)
			h, hh := p.tensors(1, embd)
			switch round {
			case 1: // many are equal
				for j := range logits.Data {
					logits.Data[j] = float32(j % 3)
				}
			case 2: // few are numbers
				for j := range logits.Data {
					if j%5 != 3 || c.Used > c.Experts/5 {
						logits.Data[j] = float32(math.NaN())
					}
				}
			}
			copy(hlogits.Data, logits.Data)
			p.cuda.Changed(logits)
			out, hout := p.tensors(1, embd)
			x, hx := p.tensors(c.Used, embd)
			g, hg := p.tensors(c.Used, ffn)
			u, hu := p.tensors(c.Used, ffn)
			run := func(b accel.Backend, logits, h, out, x, g, u accel.Tensor) {
				r := accel.NewRoutes(c.Used)
				b.Route(&r, logits, &c)
				b.Clear(out)
				b.Gather(x, h, &r)
				b.MatMulRouted(g, gate, x, &r)
				b.MatMulRouted(u, up, x, &r)
				b.AddBiasRouted(g, bias, &r)
				b.AddBiasRouted(u, bias, &r)
				b.GLU(accel.SiLU, g, u)
				b.MatMulRouted(x, down, g, &r)
				b.AddBiasRouted(x, bias[:c.Experts*embd], &r)
				b.Scatter(out, x, &r)
			}
			p.cuda.Scale(logits, 1) // on the device
			p.cuda.Fetch(logits)
			before := len(p.device.launched)
			run(p.cuda, logits, h, out, x, g, u)
			p.cuda.Fetch(out)
			run(p.host, hlogits, hh, hout, hx, hg, hu)
			// Its rooms have grown by then.
			want := []string{"route", "fill", "gatherRows", "routed_" + typ.String(), "routed_" + typ.String()}
			if typ == gguf.Q8_0 {
				want[2] = "gatherRowsQuantise"
			}
			if got := p.device.launched[before:]; round > 1 && !slices.Equal(got, want) {
				t.Errorf("launches: %v\nwant %v", got, want)
			}
			p.near(g, hg)
			if round != 2 || c.Sigmoid && c.Bias == nil { // else weights are not numbers either
				p.near(out, hout)
			}
		}
	}
	chose := slices.DeleteFunc(p.device.launched, func(name string) bool { return name != "route" })
	if len(chose) != 40 {
		t.Errorf("the device chose %d times, want 40", len(chose))
	}
	p.onDevice()
}

// TestExpertsOfTheHost routes where some experts are not on the device: the host
// chooses.
func TestExpertsOfTheHost(t *testing.T) {
	p := newPair(t)
	c := accel.Routing{Experts: 6, Used: 2}
	gate := append(p.experts(gguf.F32, 3, 32, 32, true), p.experts(gguf.F32, 3, 32, 32, false)...)
	c.Weights = [][]*accel.Weight{gate}
	for range 10 {
		logits, hlogits := p.tensors(1, c.Experts)
		x, hx := p.tensors(2, 32)
		y, hy := p.tensors(2, 32)
		p.cuda.Scale(logits, 1)
		r, hr := accel.NewRoutes(2), accel.NewRoutes(2)
		p.cuda.Route(&r, logits, &c)
		p.host.Route(&hr, hlogits, &c)
		if !slices.Equal(r.Expert, hr.Expert) {
			t.Fatalf("experts %v, want %v", r.Expert, hr.Expert)
		}
		p.cuda.MatMulRouted(y, gate, x, &r)
		p.host.MatMulRouted(hy, gate, hx, &hr)
		p.equal("routed", y, hy, 1e-4)
	}
	if slices.Contains(p.device.launched, "route") {
		t.Error("the device chose among experts that it has not")
	}
}

// TestRoutedTypes multiplies with hidden experts of every type.
func TestRoutedTypes(t *testing.T) {
	p := newPair(t)
	const experts, used, rows = 5, 3, 40
	for _, typ := range decodable() {
		cols := 512
		if vals, _ := typ.Block(); vals == 1 {
			cols = 70
		}
		ws := p.experts(typ, experts, rows, cols, true)
		c := accel.Routing{Experts: experts, Used: used, Weights: [][]*accel.Weight{ws}}
		logits, hlogits := p.tensors(1, experts)
		x, hx := p.tensors(used, cols)
		y, hy := p.tensors(used, rows)
		p.cuda.Scale(logits, 1)
		r, hr := accel.NewRoutes(used), accel.NewRoutes(used)
		p.cuda.Route(&r, logits, &c)
		p.host.Route(&hr, hlogits, &c)
		p.cuda.MatMulRouted(y, ws, x, &r)
		p.host.MatMulRouted(hy, ws, hx, &hr)
		p.near(y, hy)
	}
	p.onDevice()
}
