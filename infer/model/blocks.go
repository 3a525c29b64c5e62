package model

import "github.com/runnel-chat/runnel/accel"

// block is attention, a feed-forward layer, or what stands in for one. It
// reads h (tokens, embd) and leaves its output in place of it.
type block interface {
	forward(p *Pass, h accel.Tensor)
}

// branch is one step of the residual stream: x += scale·post(block(pre(x))).
type branch struct {
	pre   norm
	block block
	post  norm
	scale float32 // 0: 1
}

// residual is a layer whose branches follow each other, as in most decoders:
// attention, then a feed-forward layer.
type residual []branch

// Forward runs the branches.
func (w residual) Forward(p *Pass) {
	x := p.X()
	h := p.view(slotH, x.Rows, x.Cols)
	for i := range w {
		b := &w[i]
		b.pre.forward(p, h, x)
		b.block.forward(p, h)
		b.post.forward(p, h, h)
		if b.scale != 0 {
			p.Scale(h, b.scale)
		}
		p.Add(x, h)
	}
}

// parallel is a layer whose two blocks read the same input:
// x += attn(norm(x)) + ffn(norm(x)).
type parallel struct {
	norm      norm
	attnNorm  norm // in place of norm before attention, if there is one
	attn, ffn block
}

func (d *Declaration) parallel(n norm, attn, ffn block) *parallel {
	d.room(slotH2, d.rooms[slotH])
	return &parallel{norm: n, attn: attn, ffn: ffn}
}

// Forward runs both blocks.
func (w *parallel) Forward(p *Pass) {
	x := p.X()
	h, h2 := p.view(slotH, x.Rows, x.Cols), p.view(slotH2, x.Rows, x.Cols)
	w.norm.forward(p, h2, x)
	if w.attnNorm.kind == noNorm {
		p.Copy(h, 0, h2, 0, h.Cols)
	} else {
		w.attnNorm.forward(p, h, x)
	}
	w.attn.forward(p, h)
	w.ffn.forward(p, h2)
	p.Add(x, h)
	p.Add(x, h2)
}

// preNorm declares a decoder of the usual form, from its embeddings to its
// logits: every layer is x += attn(norm(x)), then x += ffn(norm(x)). Some files
// store the second norm as that after attention.
func (d *Declaration) preNorm(m *Model, norm func(name string, s *Shape) norm, attn, ffn func(l int) block) *Model {
	s := &m.Shape
	d.embedding(s)
	m.layers = d.layers(s.Layers, func(l int) Layer {
		first := branch{pre: norm("attn_norm", s), block: attn(l)}
		name := "ffn_norm"
		if !d.Has(name + ".weight") {
			name = "post_attention_norm"
		}
		return residual{first, {pre: norm(name, s), block: ffn(l)}}
	})
	d.output(m, norm("output_norm", s))
	return m
}

// output declares what follows the layers. Models with tied embeddings
// multiply by the token table itself.
func (d *Declaration) output(m *Model, n norm) {
	m.norm = n
	name := "output.weight"
	if !d.Has(name) {
		name = "token_embd.weight"
	}
	m.output = d.Matrix(name, m.Vocab, m.Embd)
	m.bias = d.VectorIf("output.bias", m.Vocab)
}

// scaleStream is a start that multiplies the embeddings.
func scaleStream(s float32) func(p *Pass) {
	return func(p *Pass) { p.Scale(p.X(), s) }
}
