package synth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/runnel-chat/runnel/gguf"
)

// mix is a way to quantize a model: a type for most tensors, and rules by
// which the tensors that suffer most get a better one. The rules are those of
// llama.cpp's quantizer without an importance matrix, so that a file has the
// size of one that people download.
type mix struct {
	name string
	base gguf.Type
}

var mixes = []mix{
	{"F32", gguf.F32},
	{"F16", gguf.F16},
	{"BF16", gguf.BF16},
	{"Q8_0", gguf.Q8_0},
	{"Q4_0", gguf.Q4_0},
	{"Q4_1", gguf.Q4_1},
	{"Q5_0", gguf.Q5_0},
	{"Q5_1", gguf.Q5_1},
	{"Q2_K", gguf.Q2_K},
	{"Q3_K_M", gguf.Q3_K},
	{"Q4_K_S", gguf.Q4_K},
	{"Q4_K_M", gguf.Q4_K},
	{"Q5_K_M", gguf.Q5_K},
	{"Q6_K", gguf.Q6_K},
	{"IQ4_NL", gguf.IQ4_NL},
	{"IQ4_XS", gguf.IQ4_XS},
	{"MXFP4", gguf.MXFP4},
}

// Mixes returns the names of all mixes.
func Mixes() []string {
	var names []string
	for _, m := range mixes {
		names = append(names, m.name)
	}
	return names
}

func mixByName(name string) (mix, error) {
	i := slices.IndexFunc(mixes, func(m mix) bool { return strings.EqualFold(m.name, name) })
	if i < 0 {
		return mix{}, fmt.Errorf("synth: no mix %q; there are %s", name, strings.Join(Mixes(), ", "))
	}
	return mixes[i], nil
}

// typeOf is the type of a tensor: vectors and routers stay exact.
func (m model) typeOf(t tensor) gguf.Type {
	if t.role == roleNorm || t.role == roleBias || t.role == roleRouter {
		return gguf.F32
	}
	if m.base == gguf.F32 || m.base == gguf.F16 || m.base == gguf.BF16 {
		return m.base
	}
	return fitting(m.wanted(t), t.dims[0])
}

// wanted is the type that the rules of the mix give, whether or not the
// tensor's rows divide into its blocks.
func (m model) wanted(t tensor) gguf.Type {
	switch {
	case m.base == gguf.Q8_0:
		return gguf.Q8_0
	case m.base == gguf.MXFP4: // llama.cpp has it for experts only
		if t.role == roleFFN || t.role == roleFFNDown {
			return gguf.MXFP4
		}
		return gguf.Q8_0
	case t.role == roleOutput || t.role == roleEmbedding && m.Tied:
		return gguf.Q6_K
	case t.role == roleAttnV:
		return m.attnV(t.layer)
	case t.role == roleFFNDown:
		return m.ffnDown(t.layer)
	case t.role == roleAttnOut && m.mix.name == "Q2_K":
		return gguf.Q3_K
	case t.role == roleAttnOut && m.mix.name == "Q3_K_M":
		return gguf.Q4_K
	}
	return m.base
}

// attnV: v is small where many heads share it, and every error in it counts.
func (m model) attnV(layer int) gguf.Type {
	shared := m.Heads/m.KVHeads >= 4
	switch m.mix.name {
	case "Q2_K":
		if shared {
			return gguf.Q4_K
		}
		return gguf.Q3_K
	case "Q3_K_M":
		if layer < 2 {
			return gguf.Q5_K
		}
		return gguf.Q4_K
	case "Q4_K_S":
		if layer < 4 {
			return gguf.Q5_K
		}
	case "Q4_K_M", "Q5_K_M":
		if moreBits(layer, m.Layers) {
			return gguf.Q6_K
		}
	case "IQ4_NL", "IQ4_XS":
		if shared {
			return gguf.Q5_K
		}
	}
	return m.base
}

func (m model) ffnDown(layer int) gguf.Type {
	switch m.mix.name {
	case "Q2_K":
		return gguf.Q3_K
	case "Q3_K_M":
		if layer < m.Layers/16 {
			return gguf.Q5_K
		}
		return gguf.Q4_K
	case "Q4_K_M", "Q5_K_M":
		if moreBits(layer, m.Layers) {
			return gguf.Q6_K
		}
	case "Q4_K_S", "IQ4_NL", "IQ4_XS":
		if layer < m.Layers/8 {
			return gguf.Q5_K
		}
	}
	return m.base
}

// moreBits picks the first and the last eighth of the layers and every third
// between them.
func moreBits(layer, layers int) bool {
	first := layers / 8
	return layer < first || layer >= 7*layers/8 || (layer-first)%3 == 2
}

// fitting replaces a type whose blocks do not divide a row by one of about
// the same size with smaller blocks.
func fitting(t gguf.Type, row int64) gguf.Type {
	if values, _ := t.Block(); row%int64(values) == 0 {
		return t
	}
	switch t {
	case gguf.IQ4_XS:
		t = gguf.IQ4_NL
	case gguf.Q2_K, gguf.Q3_K:
		t = gguf.Q4_0
	case gguf.Q4_K:
		t = gguf.Q5_0
	case gguf.Q5_K:
		t = gguf.Q5_1
	case gguf.Q6_K:
		t = gguf.Q8_0
	}
	if values, _ := t.Block(); row%int64(values) != 0 {
		return gguf.F16
	}
	return t
}
