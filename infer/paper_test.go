package infer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// paper describes a decoder in the words of its publication. It is written
// without a look at package model: its forward pass is float64, naive, keeps
// nothing between tokens and asks for its weights by the names that files
// carry, which makes the file.
type paper struct {
	arch                                 string
	layers, embd, heads, kvHeads, dk, ff int
	context                              int

	norm     string // "rms", "layer", "layer without bias", "plain"
	attnNorm string // names of the norms before and after the blocks; "-": none
	ffnNorm  string
	attnPost string
	ffnPost  string
	ffnNorm2 string // of the feed-forward layer beside attention
	outNorm  string
	eps      float64

	rotated     int  // values of a head; 0: all
	interleaved bool // pairs of neighbours; else halves
	base        float64
	factors     bool // rope_freqs.weight
	noRope      bool // nowhere
	skipsRope   func(l int) bool
	window      func(l int) int // 0: all

	fused                          bool // q, k and v in one matrix
	qBias, oBias, ffBias, outBias  bool
	headNorm                       string  // "", "head", "after rope", "all heads", "layer of each head"
	score                          float64 // 0: 1/sqrt(dk)
	parallel                       bool    // attention and feed-forward layer beside each other
	act                            string  // "silu", "gelu", "erf", "relu2"
	gated                          bool
	embScale, resScale, logitScale float64
	positions                      bool // learned
	tied                           bool

	headsOf, ffOf []int            // of each layer, where they differ; 0: none
	kvOf          []int            // 0: a matrix instead of attention
	convolves     func(l int) bool // instead of attention
	kernel        int
	experts       *paperExperts

	set map[string]any // further metadata

	rng     *rand.Rand
	names   []string
	tensors map[string]*paperTensor
}

type paperTensor struct {
	dims []int // rows last
	x    []float64
}

// tensor returns the named weights, made up when they are first asked for.
func (p *paper) tensor(name string, mean, deviation float64, dims ...int) []float64 {
	if t, ok := p.tensors[name]; ok {
		return t.x
	}
	n := 1
	for _, d := range dims {
		n *= d
	}
	t := &paperTensor{dims: dims, x: make([]float64, n)}
	for i := range t.x {
		t.x[i] = float64(float32(mean + deviation*p.rng.NormFloat64()))
	}
	if p.tensors == nil {
		p.tensors = map[string]*paperTensor{}
	}
	p.tensors[name], p.names = t, append(p.names, name)
	return t.x
}

func (p *paper) vector(name string, mean float64, n int) []float64 {
	return p.tensor(name, mean, 0.3, n)
}

func (p *paper) bias(wanted bool, name string, x []float64) {
	if wanted {
		for i, b := range p.vector(name, 0, len(x)) {
			x[i] += b
		}
	}
}

// times is a matrix with rows outputs, times x.
func (p *paper) times(name string, rows int, x []float64) []float64 {
	return product(p.tensor(name, 0, 1.2/math.Sqrt(float64(len(x))), len(x), rows), x)
}

func product(w, x []float64) []float64 {
	y := make([]float64, len(w)/len(x))
	for r := range y {
		for i, v := range x {
			y[r] += w[r*len(x)+i] * v
		}
	}
	return y
}

// normed is the model's norm, by name.
func (p *paper) normed(name string, x []float64) []float64 {
	if name == "-" || name == "" {
		return slices.Clone(x)
	}
	mean := 0.0
	if p.norm != "rms" {
		mean = sum(x) / float64(len(x))
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v - mean
	}
	scaled(y, 1/math.Sqrt(dot(y, y)/float64(len(y))+p.eps))
	if p.norm != "plain" {
		multiply(y, p.vector(name+".weight", 1, len(x)))
	}
	p.bias(p.norm == "layer", name+".bias", y)
	return y
}

func rms(x, w []float64, eps float64) {
	scaled(x, 1/math.Sqrt(dot(x, x)/float64(len(x))+eps))
	multiply(x, w)
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

func dot(a, b []float64) (s float64) {
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

func scaled(x []float64, f float64) []float64 {
	for i := range x {
		x[i] *= f
	}
	return x
}

func multiply(x, y []float64) {
	for i := range x {
		x[i] *= y[i]
	}
}

func plus(x, y []float64) {
	for i := range x {
		x[i] += y[i]
	}
}

// rotate turns a head at a position.
func (p *paper) rotate(x []float64, pos int) {
	dims := p.rotated
	if dims == 0 {
		dims = p.dk
	}
	var factors []float64
	if p.factors {
		factors = p.tensor("rope_freqs.weight", 4, 0.5, dims/2)
	}
	for i := range dims / 2 {
		a, b := i, i+dims/2
		if p.interleaved {
			a, b = 2*i, 2*i+1
		}
		angle := float64(pos) * math.Pow(p.base, -2*float64(i)/float64(dims))
		if factors != nil {
			angle /= factors[i]
		}
		sin, cos := math.Sincos(angle)
		x[a], x[b] = x[a]*cos-x[b]*sin, x[a]*sin+x[b]*cos
	}
}

// project makes the queries, keys and values of one token.
func (p *paper) project(blk string, h []float64) (q, k, v []float64) {
	nq, nk := p.heads*p.dk, p.kvHeads*p.dk
	if p.fused {
		all := p.times(blk+"attn_qkv.weight", nq+2*nk, h)
		p.bias(p.qBias, blk+"attn_qkv.bias", all)
		q, k, v = all[:nq], all[nq:nq+nk], all[nq+nk:]
	} else {
		q, k, v = p.times(blk+"attn_q.weight", nq, h), p.times(blk+"attn_k.weight", nk, h), p.times(blk+"attn_v.weight", nk, h)
		p.bias(p.qBias, blk+"attn_q.bias", q)
		p.bias(p.qBias, blk+"attn_k.bias", k)
		p.bias(p.qBias, blk+"attn_v.bias", v)
	}
	return q, k, v
}

// normHeads is the norm of queries or keys.
func (p *paper) normHeads(x []float64, name string) {
	switch p.headNorm {
	case "head", "after rope":
		w := p.vector(name, 1, p.dk)
		for h := range slices.Chunk(x, p.dk) {
			rms(h, w, p.eps)
		}
	case "all heads":
		rms(x, p.vector(name, 1, len(x)), p.eps)
	case "layer of each head":
		w := p.tensor(name, 1, 0.3, p.dk, len(x)/p.dk)
		for h := range slices.Chunk(x, p.dk) {
			mean := sum(h) / float64(p.dk)
			for i := range h {
				h[i] -= mean
			}
			rms(h, w[:p.dk], p.eps)
			w = w[p.dk:]
		}
	}
}

// attend is causal attention over all tokens.
func (p *paper) attend(l int, hs [][]float64) [][]float64 {
	blk := fmt.Sprintf("blk.%d.", l)
	n := len(hs)
	qs, ks, vs := make([][]float64, n), make([][]float64, n), make([][]float64, n)
	for t, h := range hs {
		q, k, v := p.project(blk, h)
		if p.headNorm != "after rope" {
			p.normHeads(q, blk+"attn_q_norm.weight")
			p.normHeads(k, blk+"attn_k_norm.weight")
		}
		if !p.noRope && (p.skipsRope == nil || !p.skipsRope(l)) {
			for _, x := range [][]float64{q, k} {
				for head := range slices.Chunk(x, p.dk) {
					p.rotate(head, t)
				}
			}
		}
		if p.headNorm == "after rope" {
			p.normHeads(q, blk+"attn_q_norm.weight")
			p.normHeads(k, blk+"attn_k_norm.weight")
		}
		qs[t], ks[t], vs[t] = q, k, v
	}
	score := p.score
	if score == 0 {
		score = 1 / math.Sqrt(float64(p.dk))
	}
	out := make([][]float64, n)
	for t := range n {
		first := 0
		if p.window != nil && p.window(l) > 0 {
			first = max(0, t-p.window(l)+1)
		}
		a := make([]float64, p.heads*p.dk)
		for h := range p.heads {
			kv := h / (p.heads / p.kvHeads) * p.dk
			var ws []float64
			for j := first; j <= t; j++ {
				ws = append(ws, score*dot(qs[t][h*p.dk:][:p.dk], ks[j][kv:kv+p.dk]))
			}
			for j, w := range softmaxOf(ws) {
				for i := range p.dk {
					a[h*p.dk+i] += w * vs[first+j][kv+i]
				}
			}
		}
		out[t] = p.times(blk+"attn_output.weight", p.embd, a)
		p.bias(p.oBias, blk+"attn_output.bias", out[t])
	}
	return out
}

func softmaxOf(x []float64) []float64 {
	most, total := slices.Max(x), 0.0
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Exp(v - most)
		total += y[i]
	}
	return scaled(y, 1/total)
}

// convolve is the short convolution of LFM2.
func (p *paper) convolve(l int, hs [][]float64) [][]float64 {
	blk := fmt.Sprintf("blk.%d.shortconv.", l)
	n := p.embd
	w := p.tensor(blk+"conv.weight", 0, 0.6, p.kernel, n)
	out, bx := make([][]float64, len(hs)), make([][]float64, len(hs))
	for t, h := range hs {
		bcx := p.times(blk+"in_proj.weight", 3*n, h)
		bx[t] = slices.Clone(bcx[:n])
		multiply(bx[t], bcx[2*n:])
		y := make([]float64, n)
		for i := range y {
			for j := range p.kernel {
				if at := t - p.kernel + 1 + j; at >= 0 {
					y[i] += w[i*p.kernel+j] * bx[at][i]
				}
			}
		}
		multiply(y, bcx[n:2*n])
		out[t] = p.times(blk+"out_proj.weight", n, y)
	}
	return out
}

func (p *paper) activated(x []float64) []float64 {
	for i, v := range x {
		switch p.act {
		case "silu":
			x[i] = v / (1 + math.Exp(-v))
		case "gelu":
			x[i] = 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
		case "erf":
			x[i] = 0.5 * v * (1 + math.Erf(v/math.Sqrt2))
		case "relu2":
			x[i] = max(v, 0) * max(v, 0)
		default:
			panic(p.act)
		}
	}
	return x
}

// forwardOf is a feed-forward layer of the matrices with these names.
func (p *paper) forwardOf(gate, up, down string, ff int, h []float64) []float64 {
	bias := func(name string) string { return strings.TrimSuffix(name, "weight") + "bias" }
	u := p.times(up, ff, h)
	p.bias(p.ffBias, bias(up), u)
	if p.gated {
		g := p.times(gate, ff, h)
		p.bias(p.ffBias, bias(gate), g)
		multiply(u, p.activated(g))
	} else {
		p.activated(u)
	}
	y := p.times(down, p.embd, u)
	p.bias(p.ffBias, bias(down), y)
	return y
}

// logits is the whole model.
func (p *paper) logits(ids []int32, vocab int) [][]float64 {
	table := p.tensor("token_embd.weight", 0, 0.7, p.embd, vocab)
	xs := make([][]float64, len(ids))
	for t, id := range ids {
		xs[t] = scaled(slices.Clone(table[int(id)*p.embd:][:p.embd]), p.embScale)
		if p.positions {
			plus(xs[t], p.tensor("position_embd.weight", 0, 0.5, p.embd, p.context)[t*p.embd:])
		}
	}
	for l := range p.layers {
		p.layer(l, xs)
	}
	out := make([][]float64, len(ids))
	for t, x := range xs {
		h := p.normed(p.outNorm, x)
		if p.tied {
			out[t] = product(table, h)
		} else {
			out[t] = p.times("output.weight", vocab, h)
		}
		p.bias(p.outBias, "output.bias", out[t])
		scaled(out[t], p.logitScale)
	}
	return out
}

// layer changes the stream of all tokens.
func (p *paper) layer(l int, xs [][]float64) {
	blk := fmt.Sprintf("blk.%d.", l)
	name := func(s string) string {
		if s == "-" {
			return s
		}
		return blk + s
	}
	if p.headsOf != nil {
		p.heads, p.kvHeads, p.ff = p.headsOf[l], p.kvOf[l], p.ffOf[l]
		if p.heads == 0 {
			for _, x := range xs {
				plus(x, p.feed(l, p.normed(name(p.ffnNorm), x)))
			}
			return
		}
	}
	hs := make([][]float64, len(xs))
	for t, x := range xs {
		hs[t] = p.normed(name(p.attnNorm), x)
	}
	var made [][]float64
	if p.kvHeads == 0 {
		for _, h := range hs {
			made = append(made, p.times(blk+"attn_output.weight", p.embd, h))
		}
	} else if p.convolves != nil && p.convolves(l) {
		made = p.convolve(l, hs)
	} else {
		made = p.attend(l, hs)
	}
	for t, x := range xs {
		y := scaled(p.normed(name(p.attnPost), made[t]), p.resScale)
		if p.parallel {
			h := hs[t]
			if p.ffnNorm2 != "" {
				h = p.normed(name(p.ffnNorm2), x)
			}
			plus(y, scaled(p.feed(l, h), p.resScale))
			plus(x, y)
			continue
		}
		plus(x, y)
		if p.ff == 0 {
			continue
		}
		y = p.feed(l, p.normed(name(p.ffnNorm), x))
		plus(x, scaled(p.normed(name(p.ffnPost), y), p.resScale))
	}
}
