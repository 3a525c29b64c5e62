package model

import (
	"fmt"
	"math"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/infer/kv"
)

// deltaNet is linear attention by the gated delta rule (arXiv 2412.06464): a
// short convolution over q, k and v, then one matrix a head that every token
// corrects and reads.
type deltaNet struct {
	in    *accel.Weight // by key head q, k, v and z; nil: in two matrices
	qkv   *accel.Weight // (channels, embd): all q, all k, all v
	z     *accel.Weight // (vheads*dv, embd): gate of the output
	ba    *accel.Weight // by key head beta and alpha; nil: in two matrices
	beta  *accel.Weight // (vheads, embd)
	alpha *accel.Weight // (vheads, embd)
	conv  []float32     // (channels, kernel)
	norm  []float32     // (dv)
	out   *accel.Weight // (embd, vheads*dv)

	rule   accel.Delta
	kernel int
	eps    float32
	layer  int
}

func (d *Declaration) deltaNet(s *Shape, modulo bool) *deltaNet {
	w := &deltaNet{
		kernel: d.Uint("ssm.conv_kernel", 2, 64), eps: s.Eps, layer: d.layer,
		rule: accel.Delta{
			KHeads: d.Uint("ssm.group_count", 1, 1<<16),
			VHeads: d.Uint("ssm.time_step_rank", 1, 1<<16),
			DK:     d.Uint("ssm.state_size", 1, 4096),
			Modulo: modulo,
		},
	}
	c, inner := &w.rule, d.Uint("ssm.inner_size", 1, maxDim)
	if d.err == nil && (c.VHeads%c.KHeads != 0 || inner%c.VHeads != 0) {
		d.fail(fmt.Errorf("model: %d values in %d heads cannot share %d key heads", inner, c.VHeads, c.KHeads))
	}
	if d.err != nil {
		return w
	}
	c.DV, c.Scale = inner/c.VHeads, float32(1/math.Sqrt(float64(c.DK)))
	if d.Has("ssm_in.weight") {
		w.in = d.Matrix("ssm_in.weight", w.channels()+inner, s.Embd)
		d.room(slotIn, w.channels()+inner)
	} else {
		w.qkv = d.Matrix("attn_qkv.weight", w.channels(), s.Embd)
		w.z = d.Matrix("attn_gate.weight", inner, s.Embd)
	}
	if d.Has("ssm_ba.weight") {
		w.ba = d.Matrix("ssm_ba.weight", 2*c.VHeads, s.Embd)
	} else {
		w.beta = d.Matrix("ssm_beta.weight", c.VHeads, s.Embd)
		w.alpha = d.Matrix("ssm_alpha.weight", c.VHeads, s.Embd)
	}
	w.conv = d.read("ssm_conv1d.weight", int64(w.kernel), int64(w.channels()))
	c.DT = d.Vector("ssm_dt.bias", c.VHeads)
	c.A = d.Vector("ssm_a", c.VHeads)
	w.norm = d.Vector("ssm_norm.weight", c.DV)
	w.out = d.Matrix("ssm_out.weight", s.Embd, inner)
	w.reserve(d)
	return w
}

// channels are what the convolution runs over.
func (w *deltaNet) channels() int { return 2*w.rule.KHeads*w.rule.DK + w.rule.VHeads*w.rule.DV }

// history is how many values the convolution looks back at.
func (w *deltaNet) history() int { return (w.kernel - 1) * w.channels() }

func (w *deltaNet) states() int { return w.history() + w.rule.VHeads*w.rule.DV*w.rule.DK }

// cut takes a state apart: what the convolution looks back at, and the matrices
// of the heads.
func (w *deltaNet) cut(state []float32) (seen, matrices []float32) {
	if state == nil {
		return nil, nil
	}
	return state[:w.history()], state[w.history():]
}

func (w *deltaNet) reserve(d *Declaration) {
	c := &w.rule
	d.room(slotQ2, w.channels())
	d.room(slotIn, w.channels())
	d.room(slotQ, c.KHeads*c.DK)
	d.room(slotK, c.KHeads*c.DK)
	d.room(slotV, c.VHeads*c.DV)
	d.room(slotA, c.VHeads*c.DV)
	d.room(slotA2, c.VHeads*c.DV)
	d.room(slotBeta, 2*c.VHeads)
	d.room(slotAlpha, 2*c.VHeads)
	d.room(slotGate, 2*c.VHeads)
	d.keep(kv.Layer{State: w.states()})
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *deltaNet) forward(p *Pass, h accel.Tensor) {
	c, n := &w.rule, h.Rows
	keys, values := c.KHeads*c.DK, c.VHeads*c.DV
	qkv, z := p.view(slotQ2, n, w.channels()), p.view(slotA2, n, values)
	alpha, beta := p.view(slotAlpha, n, c.VHeads), p.view(slotBeta, n, c.VHeads)
	w.project(p, h, qkv, z, alpha, beta)

	before, after := p.KV.State(w.layer, w.states())
	seen, state := w.cut(before)
	nextSeen, nextState := w.cut(after)
	mixed := p.view(slotIn, n, w.channels())
	p.Conv(mixed, qkv, w.conv, seen, nextSeen)
	p.Activate(accel.SiLU, mixed)

	q, k, v := p.view(slotQ, n, keys), p.view(slotK, n, keys), p.view(slotV, n, values)
	p.Copy(q, 0, mixed, 0, keys)
	p.Copy(k, 0, mixed, keys, keys)
	p.Copy(v, 0, mixed, 2*keys, values)
	p.L2Norm(q.Split(c.DK), w.eps)
	p.L2Norm(k.Split(c.DK), w.eps)

	a := p.view(slotA, n, values)
	p.DeltaRule(a, q, k, v, alpha, beta, c, state, nextState)
	p.RMSNorm(a.Split(c.DV), a.Split(c.DV), w.norm, w.eps)
	p.GLU(accel.SiLU, z, a)
	p.MatMul(h, w.out, z)
}

// project makes the inputs of the convolution and of the rule from h.
func (w *deltaNet) project(p *Pass, h, qkv, z, alpha, beta accel.Tensor) {
	c := &w.rule
	if w.in == nil {
		p.MatMul(qkv, w.qkv, h)
		p.MatMul(z, w.z, h)
	} else {
		in := p.view(slotIn, h.Rows, w.in.Rows)
		p.MatMul(in, w.in, h)
		w.untangle(p, in, qkv, z)
	}
	if w.ba == nil {
		p.MatMul(beta, w.beta, h)
		p.MatMul(alpha, w.alpha, h)
		return
	}
	ratio := c.VHeads / c.KHeads
	both := p.view(slotGate, h.Rows, 2*c.VHeads)
	p.MatMul(both, w.ba, h)
	p.Copy(beta.Split(ratio), 0, both.Split(2*ratio), 0, ratio)
	p.Copy(alpha.Split(ratio), 0, both.Split(2*ratio), ratio, ratio)
}

// untangle sorts what ssm_in makes for each key head.
func (w *deltaNet) untangle(p *Pass, in, qkv, z accel.Tensor) {
	c := &w.rule
	keys, values := c.KHeads*c.DK, c.VHeads/c.KHeads*c.DV
	per := 2*c.DK + 2*values
	for h := range c.KHeads {
		p.Copy(qkv, h*c.DK, in, h*per, c.DK)
		p.Copy(qkv, keys+h*c.DK, in, h*per+c.DK, c.DK)
		p.Copy(qkv, 2*keys+h*values, in, h*per+2*c.DK, values)
		p.Copy(z, h*values, in, h*per+2*c.DK+values, values)
	}
}
