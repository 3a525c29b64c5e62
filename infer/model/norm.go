package model

import "github.com/runnel-chat/runnel/accel"

// norm is what a block does to its input or its output first. The zero norm
// does nothing.
type norm struct {
	kind normKind
	w    []float32 // (width)
	b    []float32 // (width); nil: none
	eps  float32
}

type normKind uint8

const (
	noNorm normKind = iota
	rmsNorm
	layerNorm
)

// rms declares the weight of an RMS norm (arXiv 1910.07467).
func (d *Declaration) rms(name string, s *Shape) norm {
	return norm{kind: rmsNorm, w: d.Vector(name+".weight", s.Embd), eps: s.Eps}
}

// layerNorm declares a layer norm (arXiv 1607.06450), with or without bias.
func (d *Declaration) layerNorm(name string, s *Shape) norm {
	return norm{
		kind: layerNorm,
		w:    d.Vector(name+".weight", s.Embd),
		b:    d.VectorIf(name+".bias", s.Embd),
		eps:  s.Eps,
	}
}

// forward is dst = norm(x); dst may be x.
func (w *norm) forward(p *Pass, dst, x accel.Tensor) {
	switch w.kind {
	case rmsNorm:
		p.RMSNorm(dst, x, w.w, w.eps)
	case layerNorm:
		p.LayerNorm(dst, x, w.w, w.b, w.eps)
	case noNorm:
		if &dst.Data[0] != &x.Data[0] {
			p.Copy(dst, 0, x, 0, x.Cols)
		}
	}
}
