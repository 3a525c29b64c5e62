package model

import (
	"fmt"
	"strings"

	"github.com/runnel-chat/runnel/accel"
)

// mixture is a feed-forward layer of many experts, of which a router gives
// each token a few (arXiv 2101.03961, 2401.04088). Some have an expert more
// that all tokens share (arXiv 2401.06066).
type mixture struct {
	router  *accel.Weight   // (experts, embd)
	routerB []float32       // (experts); nil: none
	gate    []*accel.Weight // by expert: (ffn, embd)
	up      []*accel.Weight // by expert: (ffn, embd)
	down    []*accel.Weight // by expert: (embd, ffn)
	gateB   []float32       // (experts, ffn); nil: none, as the next
	upB     []float32       // (experts, ffn)
	downB   []float32       // (experts, embd)
	act     accel.Activation
	routing accel.Routing

	shared     *gatedFFN     // nil: none
	sharedGate *accel.Weight // (1, embd): its share, through a sigmoid; nil: 1

	next *mixture // of a later layer; nil: none
}

// mixture declares the router and the experts; the architecture sets how the
// router chooses.
func (d *Declaration) mixture(s *Shape, act accel.Activation) *mixture {
	n := d.Uint("expert_count", 1, 1<<16)
	w := &mixture{act: act, routing: accel.Routing{
		Experts: n,
		Used:    d.Uint("expert_used_count", 1, uint64(max(1, n))),
		Scale:   float32(d.FloatOr("expert_weights_scale", 1, 0, 1e6)),
	}}
	if d.err != nil {
		return w
	}
	ffn := d.UintOr("expert_feed_forward_length", s.FFN, 1, maxDim)
	w.router = d.Matrix("ffn_gate_inp.weight", n, s.Embd)
	w.routerB = d.VectorIf("ffn_gate_inp.bias", n)
	w.gateB = d.small("ffn_gate_exps.bias", n, ffn)
	w.upB = d.small("ffn_up_exps.bias", n, ffn)
	w.downB = d.small("ffn_down_exps.bias", n, s.Embd)
	both := d.Has("ffn_gate_up_exps.weight") // one matrix, the gate first
	for e := 0; e < n && d.err == nil; e++ {
		if both {
			w.gate = append(w.gate, d.expert("ffn_gate_up_exps.weight", e, n, 0, ffn, 2*ffn, s.Embd))
			w.up = append(w.up, d.expert("ffn_gate_up_exps.weight", e, n, ffn, ffn, 2*ffn, s.Embd))
		} else {
			w.gate = append(w.gate, d.expert("ffn_gate_exps.weight", e, n, 0, ffn, ffn, s.Embd))
			w.up = append(w.up, d.expert("ffn_up_exps.weight", e, n, 0, ffn, ffn, s.Embd))
		}
		w.down = append(w.down, d.expert("ffn_down_exps.weight", e, n, 0, s.Embd, s.Embd, ffn))
	}
	w.routing.Weights = [][]*accel.Weight{w.gate, w.up, w.down}
	if d.last != nil {
		d.last.next = w
	}
	d.last = w
	d.used, d.experts = max(d.used, w.routing.Used), max(d.experts, n)
	d.room(slotH2, s.Embd)
	d.room(slotRouter, n)
	d.room(slotRows, s.Embd)
	d.room(slotGate, ffn)
	d.room(slotUp, ffn)
	return w
}

// expert declares rows [from, from+rows) of the total rows of expert e of n.
// The first files of Mixtral have a tensor for each expert.
func (d *Declaration) expert(name string, e, n, from, rows, total, cols int) *accel.Weight {
	if own := strings.Replace(name, "_exps", fmt.Sprintf(".%d", e), 1); d.Has(own) {
		t, ok := d.tensor(own, int64(cols), int64(total))
		if !ok {
			return nil
		}
		return d.add(Matrix{Tensor: slice(t, from, rows, 1), Expert: true}, rows, cols)
	}
	t, ok := d.tensor(name, int64(cols), int64(total), int64(n))
	if !ok {
		return nil
	}
	t = slice(t, e*total+from, rows, 1)
	t.Name = fmt.Sprintf("%s[%d]", t.Name, e)
	return d.add(Matrix{Tensor: t, Expert: true}, rows, cols)
}

// sharedExpert declares the expert of all tokens, if the file has one.
func (d *Declaration) sharedExpert(w *mixture, s *Shape, ffn int) {
	if !d.Has("ffn_up_shexp.weight") {
		return
	}
	d.room(slotGate, ffn)
	d.room(slotUp, ffn)
	d.room(slotS, 1)
	if d.Has("ffn_gate_inp_shexp.weight") {
		w.sharedGate = d.Matrix("ffn_gate_inp_shexp.weight", 1, s.Embd)
	}
	w.shared = &gatedFFN{
		gate: d.Matrix("ffn_gate_shexp.weight", ffn, s.Embd),
		up:   d.Matrix("ffn_up_shexp.weight", ffn, s.Embd),
		down: d.Matrix("ffn_down_shexp.weight", s.Embd, ffn),
		act:  w.act,
	}
}

// How a router scores its experts, as metadata says it.
const (
	softmax = 1
	sigmoid = 2
)

// sharedMixture is the mixture of DeepSeek (arXiv 2412.19437), whose metadata
// says how the router chooses. gating is how where they do not; shared is the
// width of the expert of all tokens.
func (d *Declaration) sharedMixture(s *Shape, gating, shared int) *mixture {
	w := d.mixture(s, accel.SiLU)
	r := &w.routing
	r.Normalise = d.Bool("expert_weights_norm")
	r.Sigmoid = d.UintOr("expert_gating_func", gating, softmax, sigmoid) == sigmoid
	r.Bias = d.VectorIf("exp_probs_b.bias", r.Experts)
	d.group(r)
	d.sharedExpert(w, s, shared)
	return w
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *mixture) forward(p *Pass, h accel.Tensor) {
	out := p.view(slotH2, h.Rows, h.Cols)
	w.route(p, h)
	w.experts(p, out, h)
	if w.shared == nil {
		p.Copy(h, 0, out, 0, h.Cols)
		return
	}
	share := p.view(slotS, h.Rows, 1)
	if w.sharedGate != nil {
		p.MatMul(share, w.sharedGate, h)
		p.Activate(accel.Sigmoid, share)
	}
	w.shared.forward(p, h)
	if w.sharedGate != nil {
		p.ScaleRows(h, share)
	}
	p.Add(h, out)
}

// route chooses experts for every row of h.
func (w *mixture) route(p *Pass, h accel.Tensor) {
	p.Route(&p.routes, w.scores(p, h), &w.routing)
	if p.Hinting && w.next != nil && h.Rows == 1 {
		// A layer adds little to the stream: the next router's choice for what
		// this one was asked about is a good guess (arXiv 2312.17238).
		p.Foresee(w.next.scores(p, h), &w.next.routing)
	}
}

// scores asks the router about every row of h.
func (w *mixture) scores(p *Pass, h accel.Tensor) accel.Tensor {
	logits := p.view(slotRouter, h.Rows, w.routing.Experts)
	p.MatMul(logits, w.router, h)
	addBias(p, logits, w.routerB)
	return logits
}

// experts leaves in out the weighted sum of what the chosen experts make of
// each row of h. A batch is taken in parts of whole experts, so that the
// scratch stays as large as the batch.
func (w *mixture) experts(p *Pass, out, h accel.Tensor) {
	p.Clear(out)
	most := max(h.Rows, w.routing.Used)
	for from := 0; from < p.routes.Len(); from += p.part.Len() {
		p.part = p.routes.Part(from, most)
		r := &p.part
		x := p.view(slotRows, r.Len(), h.Cols)
		gate := p.view(slotGate, r.Len(), w.gate[0].Rows)
		up := p.view(slotUp, r.Len(), w.up[0].Rows)
		p.Gather(x, h, r)
		p.MatMulRouted(gate, w.gate, x, r)
		p.MatMulRouted(up, w.up, x, r)
		if w.gateB != nil {
			p.AddBiasRouted(gate, w.gateB, r)
		}
		if w.upB != nil {
			p.AddBiasRouted(up, w.upB, r)
		}
		p.GLU(w.act, gate, up)
		p.MatMulRouted(x, w.down, gate, r)
		if w.downB != nil {
			p.AddBiasRouted(x, w.downB, r)
		}
		p.Scatter(out, x, r)
	}
}

// group reads a routing by groups of experts.
func (d *Declaration) group(r *accel.Routing) {
	r.Groups = d.UintOr("expert_group_count", 1, 0, uint64(r.Experts))
	r.GroupsUsed = d.UintOr("expert_group_used_count", r.Groups, 0, uint64(max(1, r.Groups)))
	if r.Groups <= 1 || d.err != nil {
		return
	}
	if r.Experts%r.Groups != 0 || r.Experts/r.Groups*r.GroupsUsed < r.Used {
		d.fail(fmt.Errorf("model: %d of %d groups do not hold %d of %d experts",
			r.GroupsUsed, r.Groups, r.Used, r.Experts))
	}
}
