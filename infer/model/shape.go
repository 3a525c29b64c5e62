package model

import (
	"fmt"

	"github.com/runnel-chat/runnel/accel"
	"github.com/runnel-chat/runnel/infer/kv"
)

// Shape holds the dimensions of a decoder. Where layers differ they are those
// of the first.
type Shape struct {
	Layers  int
	Embd    int // width of the residual stream
	Heads   int
	KVHeads int
	DK, DV  int // head sizes
	FFN     int // width inside the feed-forward layers
	Vocab   int
	Context int // longest trained
	Eps     float32

	rooms         rooms
	used, experts int // experts of a token, and of a layer
	keeps         []kv.Layer
}

// ExpertShare is the part of the experts' weights that a token multiplies; 1
// without experts.
func (s *Shape) ExpertShare() float64 {
	if s.experts == 0 {
		return 1
	}
	return float64(s.used) / float64(s.experts)
}

// ExpertsUsed is how many experts of a layer a token goes through.
func (s *Shape) ExpertsUsed() int { return s.used }

// KV says what each layer keeps.
func (s *Shape) KV(t accel.KVType) []kv.Layer {
	layers := make([]kv.Layer, s.Layers)
	copy(layers, s.keeps)
	for l := range layers {
		layers[l].Type = t
	}
	return layers
}

// maxDim bounds every dimension a file may claim: beyond any model, and small
// enough that the product of two stays far from overflow.
const maxDim = 1 << 24

// shape reads the dimensions that all decoders share.
func (d *Declaration) shape() Shape {
	s := Shape{
		Layers:  d.Uint("block_count", 1, 4096),
		Embd:    d.Uint("embedding_length", 1, maxDim),
		Context: d.Uint("context_length", 1, 1<<31),
		Eps:     d.eps(),
	}
	if d.err != nil {
		return s
	}
	s.Heads = d.perLayer("attention.head_count", s.Layers, 0, 1<<16)[0]
	s.KVHeads = s.Heads
	if d.File.Has(d.key("attention.head_count_kv")) {
		s.KVHeads = d.perLayer("attention.head_count_kv", s.Layers, 0, 1<<16)[0]
	}
	if d.File.Has(d.key("feed_forward_length")) {
		s.FFN = d.perLayer("feed_forward_length", s.Layers, 0, maxDim)[0]
	}
	head := s.Embd / max(1, s.Heads)
	s.DK = d.UintOr("attention.key_length", head, 1, 4096)
	s.DV = d.UintOr("attention.value_length", head, 1, 4096)
	t, ok := d.File.FindTensor("token_embd.weight")
	switch {
	case d.err != nil:
	case !ok:
		d.fail(fmt.Errorf("model: the file has no tensor \"token_embd.weight\""))
	case t.Dims[1] > maxDim:
		d.fail(fmt.Errorf("model: a vocabulary of %d tokens", t.Dims[1]))
	default:
		s.Vocab = int(t.Dims[1])
		d.keeps = make([]kv.Layer, s.Layers)
		d.room(slotX, s.Embd)
		d.room(slotH, s.Embd)
	}
	return s
}

// eps reads what norms add to the variance. The name of the key tells which
// norm a model has; the block that needs it does not care.
func (d *Declaration) eps() float32 {
	if key := "attention.layer_norm_epsilon"; d.File.Has(d.key(key)) {
		return d.Float(key, 0, 1)
	}
	return d.Float("attention.layer_norm_rms_epsilon", 0, 1)
}

// perLayer reads a number for each of n layers: one for all, or an array.
func (d *Declaration) perLayer(key string, n int, lo, hi uint64) []int {
	out := make([]int, n)
	if items, err := d.File.Ints(d.key(key)); err == nil {
		if len(items) < n {
			d.fail(fmt.Errorf("model: %s has %d items for %d layers", d.key(key), len(items), n))
			return out
		}
		for i := range out {
			if items[i] < int64(lo) || items[i] > int64(hi) {
				d.fail(fmt.Errorf("model: %s[%d] is %d, outside %d to %d", d.key(key), i, items[i], lo, hi))
				return out
			}
			out[i] = int(items[i])
		}
		return out
	}
	v := d.Uint(key, lo, hi)
	for i := range out {
		out[i] = v
	}
	return out
}

// flags reads a flag for each of n layers.
func (d *Declaration) flags(key string, n int) []bool {
	items, err := d.File.Bools(d.key(key))
	if err == nil && len(items) < n {
		err = fmt.Errorf("model: %s has %d items for %d layers", d.key(key), len(items), n)
	}
	if err != nil {
		d.fail(err)
		return make([]bool, n)
	}
	return items[:n]
}

// layer is the shape of one layer whose heads differ from the others'.
func (s *Shape) layer(kvHeads, dk, dv, ffn int) *Shape {
	t := *s
	t.KVHeads, t.DK, t.DV, t.FFN = kvHeads, dk, dv, ffn
	return &t
}
