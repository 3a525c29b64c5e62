package model

import (
	"fmt"
	"math"

	"github.com/runnel-chat/runnel/accel"
)

// gemma4 is Gemma 4, and what it took from Gemma 3n: windowed layers have
// smaller heads than global ones, values are normalised and may be the raw
// keys, the last layers reuse the keys and values of earlier ones, each layer
// adds something of its own for every token, and large models have experts
// beside the dense feed-forward layer.
func gemma4(d *Declaration) *Model {
	m := &Model{Shape: d.shape()}
	s := &m.Shape
	if d.err != nil {
		return nil
	}
	m.cap = float32(d.FloatOr("final_logit_softcapping", 0, 0, 1e6))
	g := gemma4Shape{
		kvHeads: d.perLayer("attention.head_count_kv", s.Layers, 1, 1<<16),
		ffn:     d.perLayer("feed_forward_length", s.Layers, 1, maxDim),
		local:   d.flags("attention.sliding_window_pattern", s.Layers),
		window:  d.Uint("attention.sliding_window", 1, 1<<31),
		dk:      d.UintOr("attention.key_length_swa", s.DK, 1, 4096),
		dv:      d.UintOr("attention.value_length_swa", s.DV, 1, 4096),
		own:     s.Layers - d.UintOr("attention.shared_kv_layers", 0, 0, uint64(s.Layers-1)),
		extra:   d.UintOr("embedding_length_per_layer_input", 0, 0, maxDim),
		last:    map[bool]int{},
	}
	g.globalRope = d.rope(s.DK, false)
	g.localRope = plainRope(d.FloatOr("rope.freq_base_swa", 10_000, 1e-3, 1e12),
		d.rotated("rope.dimension_count_swa", g.dk), false)
	d.embedding(s)
	m.start = d.layerInputs(s, g.extra)
	if d.err != nil {
		return nil
	}
	m.layers = d.layers(s.Layers, func(l int) Layer { return d.gemma4Layer(s, &g, l) })
	d.output(m, d.rms("output_norm", s))
	return m
}

// gemma4Shape is what differs between the layers.
type gemma4Shape struct {
	kvHeads, ffn []int
	local        []bool // layers with a window
	window       int
	dk, dv       int          // head sizes of those
	own          int          // layers with keys and values of their own come first
	extra        int          // width of the input of each layer
	last         map[bool]int // the last of them, of each kind
	globalRope   *accel.Rope
	localRope    *accel.Rope
}

// gemma4Layer is attention, a feed-forward layer, the layer's own input, and a
// factor over all.
type gemma4Layer struct {
	blocks residual
	input  *layerInput // nil: none
	scale  float32
}

func (d *Declaration) gemma4Layer(s *Shape, g *gemma4Shape, l int) Layer {
	t := s.layer(g.kvHeads[l], s.DK, s.DV, g.ffn[l])
	if g.local[l] {
		t = s.layer(g.kvHeads[l], g.dk, g.dv, g.ffn[l])
	}
	w := &gemma4Layer{scale: 1}
	w.blocks = residual{
		{pre: d.rms("attn_norm", s), block: d.gemma4Attention(t, g, l), post: d.rms("post_attention_norm", s)},
		{pre: d.rms("ffn_norm", s), block: d.gemma4FFN(t), post: d.rms("post_ffw_norm", s)},
	}
	if g.extra > 0 {
		w.input = d.layerInput(s, g.extra, l)
	}
	if v := d.VectorIf("layer_output_scale.weight", 1); v != nil {
		w.scale = v[0]
	}
	return w
}

// Forward runs the layer.
func (w *gemma4Layer) Forward(p *Pass) {
	w.blocks.Forward(p)
	if w.input != nil {
		w.input.forward(p)
	}
	if w.scale != 1 {
		p.Scale(p.X(), w.scale)
	}
}

// gemma4Attention declares attention without a scale.
func (d *Declaration) gemma4Attention(s *Shape, g *gemma4Shape, l int) *attention {
	local := g.local[l]
	w := d.heads(s, g.globalRope)
	w.Scale = 1
	w.vn = true
	if local {
		w.rope, w.Window = g.localRope, g.window
	}
	w.q = d.Matrix("attn_q.weight", s.Heads*s.DK, s.Embd)
	w.qn = d.Vector("attn_q_norm.weight", s.DK)
	if l < g.own {
		w.k = d.Matrix("attn_k.weight", s.KVHeads*s.DK, s.Embd)
		w.kn = d.Vector("attn_k_norm.weight", s.DK)
		if d.Has("attn_v.weight") {
			w.v = d.Matrix("attn_v.weight", s.KVHeads*s.DV, s.Embd)
		} else if s.DV != s.DK {
			d.fail(fmt.Errorf("model: keys of %d cannot be values of %d", s.DK, s.DV))
		}
		d.keeps[l].Window = w.Window
		g.last[local] = l
	} else {
		donor, ok := g.last[local]
		if !ok || d.keeps[donor].KVShape != d.keeps[l].KVShape {
			d.fail(fmt.Errorf("model: no layer has keys and values for layer %d", l))
		}
		d.keeps[l].Heads = 0
		w.layer = donor
	}
	w.o = d.Matrix("attn_output.weight", s.Embd, s.Heads*s.DV)
	return w
}

// gemma4FFN declares the dense feed-forward layer, and the experts beside it
// where the file has them.
func (d *Declaration) gemma4FFN(s *Shape) block {
	dense := d.gatedFFN(s, accel.GELU)
	if !d.Has("ffn_gate_inp.weight") {
		return dense
	}
	d.room(slotH3, s.Embd)
	w := &denseAndRouted{
		dense:     dense,
		densePost: d.rms("post_ffw_norm_1", s),
		toRouter:  norm{kind: rmsNorm, w: d.Vector("ffn_gate_inp.scale", s.Embd), eps: s.Eps},
		routedPre: d.rms("pre_ffw_norm_2", s),
		routed:    d.mixture(s, accel.GELU),
	}
	for i := range w.toRouter.w {
		w.toRouter.w[i] /= float32(math.Sqrt(float64(s.Embd)))
	}
	w.routed.routing.Normalise = true
	w.routed.routing.Output = d.VectorIf("ffn_down_exps.scale", w.routed.routing.Experts)
	w.routedPost = d.rms("post_ffw_norm_2", s)
	return w
}

// denseAndRouted adds a dense feed-forward layer and a mixture; both the
// router and the experts read the stream through norms of their own.
type denseAndRouted struct {
	dense      *gatedFFN
	densePost  norm
	toRouter   norm
	routedPre  norm
	routed     *mixture
	routedPost norm
}

// forward reads h (tokens, embd) and leaves its output in place of it.
func (w *denseAndRouted) forward(p *Pass, h accel.Tensor) {
	in, out := p.view(slotH3, h.Rows, h.Cols), p.view(slotH2, h.Rows, h.Cols)
	w.dense.forward(p, h)
	w.densePost.forward(p, h, h)
	w.toRouter.forward(p, in, p.X())
	w.routed.route(p, in)
	w.routedPre.forward(p, in, p.X())
	w.routed.experts(p, out, in)
	w.routedPost.forward(p, out, out)
	p.Add(h, out)
}
