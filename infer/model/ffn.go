package model

import "github.com/runnel-chat/runnel/accel"

// gatedFFN is down(act(gate·h) * up·h) (arXiv 2002.05202).
type gatedFFN struct {
	gate  *accel.Weight // (ffn, embd)
	up    *accel.Weight // (ffn, embd)
	down  *accel.Weight // (embd, ffn)
	gateB []float32     // (ffn); nil: none, as the next
	upB   []float32     // (ffn)
	downB []float32     // (embd)
	act   accel.Activation
}

// gatedFFN declares the three matrices. Without one named gate, up holds both,
// the gate first.
func (d *Declaration) gatedFFN(s *Shape, act accel.Activation) *gatedFFN {
	w := &gatedFFN{act: act}
	d.ffnRoom(s)
	if d.Has("ffn_gate.weight") {
		w.gate = d.Matrix("ffn_gate.weight", s.FFN, s.Embd)
		w.up = d.Matrix("ffn_up.weight", s.FFN, s.Embd)
		w.gateB = d.VectorIf("ffn_gate.bias", s.FFN)
		w.upB = d.VectorIf("ffn_up.bias", s.FFN)
	} else {
		w.gate = d.Part("ffn_up.weight", 0, s.FFN, 2*s.FFN, s.Embd)
		w.up = d.Part("ffn_up.weight", s.FFN, s.FFN, 2*s.FFN, s.Embd)
	}
	w.down = d.Matrix("ffn_down.weight", s.Embd, s.FFN)
	w.downB = d.VectorIf("ffn_down.bias", s.Embd)
	return w
}

// ffnRoom makes room for what is inside a feed-forward layer.
func (d *Declaration) ffnRoom(s *Shape) {
	if s.FFN == 0 {
		d.Uint("feed_forward_length", 1, maxDim) // says that it is missing
	}
	d.room(slotGate, s.FFN)
	d.room(slotUp, s.FFN)
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *gatedFFN) forward(p *Pass, h accel.Tensor) {
	gate := p.view(slotGate, h.Rows, w.gate.Rows)
	up := p.view(slotUp, h.Rows, w.up.Rows)
	p.MatMul(gate, w.gate, h)
	p.MatMul(up, w.up, h)
	addBias(p, gate, w.gateB)
	addBias(p, up, w.upB)
	p.GLU(w.act, gate, up)
	p.MatMul(h, w.down, gate)
	addBias(p, h, w.downB)
}

// plainFFN is down(act(up·h + b)) + b, as in the first transformers
// (arXiv 1706.03762).
type plainFFN struct {
	up    *accel.Weight // (ffn, embd)
	down  *accel.Weight // (embd, ffn)
	upB   []float32     // (ffn)
	downB []float32     // (embd)
	act   accel.Activation
}

func (d *Declaration) plainFFN(s *Shape, act accel.Activation) *plainFFN {
	d.ffnRoom(s)
	return &plainFFN{
		up:    d.Matrix("ffn_up.weight", s.FFN, s.Embd),
		upB:   d.VectorIf("ffn_up.bias", s.FFN),
		down:  d.Matrix("ffn_down.weight", s.Embd, s.FFN),
		downB: d.VectorIf("ffn_down.bias", s.Embd),
		act:   act,
	}
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *plainFFN) forward(p *Pass, h accel.Tensor) {
	up := p.view(slotUp, h.Rows, w.up.Rows)
	p.MatMul(up, w.up, h)
	addBias(p, up, w.upB)
	p.Activate(w.act, up)
	p.MatMul(h, w.down, up)
	addBias(p, h, w.downB)
}
