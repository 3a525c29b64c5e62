package model

import (
	"fmt"

	"github.com/runnel-chat/runnel/accel"
)

// Shape holds the dimensions of a decoder.
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
}

// KVShapes says what each layer keeps of a position.
func (s *Shape) KVShapes(t accel.KVType) []accel.KVShape {
	shapes := make([]accel.KVShape, s.Layers)
	for l := range shapes {
		shapes[l] = accel.KVShape{Type: t, Heads: s.KVHeads, DK: s.DK, DV: s.DV}
	}
	return shapes
}

// maxDim bounds every dimension a file may claim: beyond any model, and small
// enough that the product of two stays far from overflow.
const maxDim = 1 << 24

// shape reads the dimensions that all decoders share.
func (d *Declaration) shape() Shape {
	s := Shape{
		Layers:  d.Uint("block_count", 1, 4096),
		Embd:    d.Uint("embedding_length", 1, maxDim),
		Heads:   d.Uint("attention.head_count", 1, 1<<16),
		FFN:     d.Uint("feed_forward_length", 1, maxDim),
		Context: d.Uint("context_length", 1, 1<<31),
		Eps:     d.Float("attention.layer_norm_rms_epsilon", 0, 1),
	}
	if d.err != nil {
		return s
	}
	s.KVHeads = d.UintOr("attention.head_count_kv", s.Heads, 1, 1<<16)
	s.DK = d.UintOr("attention.key_length", s.Embd/s.Heads, 1, 4096)
	s.DV = d.UintOr("attention.value_length", s.Embd/s.Heads, 1, 4096)
	t, ok := d.File.FindTensor("token_embd.weight")
	switch {
	case d.err != nil:
	case !ok:
		d.fail(fmt.Errorf("model: the file has no tensor \"token_embd.weight\""))
	case s.Heads%s.KVHeads != 0:
		d.fail(fmt.Errorf("model: %d heads cannot share %d KV heads", s.Heads, s.KVHeads))
	case t.Dims[1] > maxDim:
		d.fail(fmt.Errorf("model: a vocabulary of %d tokens", t.Dims[1]))
	default:
		s.Vocab = int(t.Dims[1])
	}
	return s
}
