package infer

import (
	"fmt"
	"math"
	"slices"
)

type paperExperts struct {
	n, used, ff  int
	dense        int // layers before
	every        int // layers from one to the next; 0: 1
	sigmoid      bool
	normalise    bool
	bias         bool
	groups, best int
	scale        float64
	shared       int // width
	sharedGate   bool
	splitFiles   bool // one tensor an expert
}

// feed is the feed-forward layer of a token, or its experts.
func (p *paper) feed(l int, h []float64) []float64 {
	blk := fmt.Sprintf("blk.%d.", l)
	x := p.experts
	if x == nil || l < x.dense || x.every > 1 && (l+1)%x.every != 0 {
		return p.forwardOf(blk+"ffn_gate.weight", blk+"ffn_up.weight", blk+"ffn_down.weight", p.ff, h)
	}
	logits := p.times(blk+"ffn_gate_inp.weight", x.n, h)
	scores := softmaxOf(logits)
	if x.sigmoid {
		for i, v := range logits {
			scores[i] = 1 / (1 + math.Exp(-v))
		}
	}
	keys := slices.Clone(scores)
	if x.bias {
		plus(keys, p.tensor(blk+"exp_probs_b.bias", 0, 0.1, x.n))
	}
	if x.groups > 1 {
		x.keepBest(keys)
	}
	out, total := make([]float64, p.embd), 0.0
	chosen := orderOf(keys)[:x.used]
	for _, e := range chosen {
		total += scores[e]
	}
	for _, e := range chosen {
		w := scores[e] * x.scale
		if x.normalise {
			w /= total
		}
		y := p.expert(blk, e, h)
		plus(out, scaled(y, w))
	}
	if x.shared > 0 {
		y := p.forwardOf(blk+"ffn_gate_shexp.weight", blk+"ffn_up_shexp.weight", blk+"ffn_down_shexp.weight", x.shared, h)
		if x.sharedGate {
			g := dot(p.tensor(blk+"ffn_gate_inp_shexp.weight", 0, 0.3, p.embd), h)
			scaled(y, 1/(1+math.Exp(-g)))
		}
		plus(out, y)
	}
	return out
}

// expert is expert e, whose matrices lie in one tensor with the others' or in
// tensors of their own.
func (p *paper) expert(blk string, e int, h []float64) []float64 {
	x := p.experts
	part := func(name string, rows, cols int) []float64 {
		deviation := 1.2 / math.Sqrt(float64(cols))
		if x.splitFiles {
			return p.tensor(fmt.Sprintf("%s%s.%d.weight", blk, name, e), 0, deviation, cols, rows)
		}
		return p.tensor(blk+name+"_exps.weight", 0, deviation, cols, rows, x.n)[e*rows*cols:][:rows*cols]
	}
	u := product(part("ffn_up", x.ff, p.embd), h)
	multiply(u, p.activated(product(part("ffn_gate", x.ff, p.embd), h)))
	return product(part("ffn_down", p.embd, x.ff), u)
}

// orderOf lists the indices of x, the greatest first.
func orderOf(x []float64) []int {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case x[a] > x[b]:
			return -1
		case x[a] < x[b]:
			return 1
		}
		return 0
	})
	return order
}

// keepBest rules out the experts outside the best groups, a group being as
// good as its two best experts.
func (x *paperExperts) keepBest(keys []float64) {
	size := x.n / x.groups
	value := make([]float64, x.groups)
	for g := range value {
		in := keys[g*size:][:size]
		best := orderOf(in)
		value[g] = in[best[0]] + in[best[1]]
	}
	for _, g := range orderOf(value)[x.best:] {
		for i := range size {
			keys[g*size+i] = math.Inf(-1)
		}
	}
}
