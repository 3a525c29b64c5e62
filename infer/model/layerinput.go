package model

import (
	"fmt"
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// layerInputs declares what every layer adds for each token (Gemma 3n): a row
// of a second table, and a projection of the first embedding. It returns how a
// pass begins: with the stream scaled by √embd, and in slotP, for each layer,
//
//	(norm(proj·x/√embd) + row·√width) / √2
func (d *Declaration) layerInputs(s *Shape, width int) func(p *Pass) {
	root := float32(math.Sqrt(float64(s.Embd)))
	if width == 0 {
		return scaleStream(root)
	}
	all := s.Layers * width
	d.table("per_layer_token_embd.weight", s.Vocab, all, slotP, false)
	proj := d.Matrix("per_layer_model_proj.weight", all, s.Embd)
	w := norm{kind: rmsNorm, w: d.Vector("per_layer_proj_norm.weight", width), eps: s.Eps}
	d.room(slotP2, all)
	return func(p *Pass) {
		x := p.X()
		row, made := p.view(slotP, p.N, all), p.view(slotP2, p.N, all)
		p.Scale(x, root)
		p.MatMul(made, proj, x)
		p.Scale(made, 1/root)
		w.forward(p, made.Split(width), made.Split(width))
		p.Scale(row, float32(math.Sqrt(float64(width))))
		p.Add(row, made)
		p.Scale(row, math.Sqrt2/2)
	}
}

// layerInput adds a layer's own input: x += norm(proj·(gelu(gate·x) * input)).
type layerInput struct {
	gate *accel.Weight // (width, embd)
	proj *accel.Weight // (embd, width)
	post norm
	from int // column of slotP
	all  int // columns of slotP
}

func (d *Declaration) layerInput(s *Shape, width, l int) *layerInput {
	if d.rooms[slotP] != s.Layers*width {
		d.fail(fmt.Errorf("model: layer %d has no input", l))
	}
	d.room(slotGate, width)
	d.room(slotUp, width)
	return &layerInput{
		gate: d.Matrix("inp_gate.weight", width, s.Embd),
		proj: d.Matrix("proj.weight", s.Embd, width),
		post: d.rms("post_norm", s),
		from: l * width,
		all:  s.Layers * width,
	}
}

func (w *layerInput) forward(p *Pass) {
	x, h := p.X(), p.view(slotH, p.N, p.embd)
	gate, up := p.view(slotGate, p.N, w.gate.Rows), p.view(slotUp, p.N, w.gate.Rows)
	p.MatMul(gate, w.gate, x)
	p.Copy(up, 0, p.view(slotP, p.N, w.all), w.from, up.Cols)
	p.GLU(accel.GELU, gate, up)
	p.MatMul(h, w.proj, gate)
	w.post.forward(p, h, h)
	p.Add(x, h)
}
