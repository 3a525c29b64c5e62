package synth

import (
	"fmt"
	"slices"
	"strings"
)

// Shape holds the dimensions of a model.
type Shape struct {
	Name string
	Arch string // general.architecture

	Layers, Embd, FFN       int
	Heads, KVHeads, HeadDim int
	Vocab, Context          int
	RopeBase, Eps           float32

	Tied   bool // the token embedding is the output matrix too
	Bias   bool // of q, k and v
	QKNorm bool // an RMS norm over each head of q and k

	Experts, ExpertsUsed, ExpertFFN int // of a mixture, FFN being unused then

	tokens tokenizer
}

var shapes = []Shape{
	{
		Name: "tiny", Arch: "llama", Layers: 2, Embd: 64, FFN: 160,
		Heads: 4, KVHeads: 2, HeadDim: 16, Vocab: 320, Context: 512, RopeBase: 1e4, Eps: 1e-5, tokens: spm,
	}, {
		Name: "tiny-256", Arch: "llama", Layers: 4, Embd: 256, FFN: 512,
		Heads: 4, KVHeads: 2, HeadDim: 64, Vocab: 512, Context: 512, RopeBase: 1e4, Eps: 1e-5, tokens: spm,
	}, {
		Name: "tiny-qwen3", Arch: "qwen3", Layers: 2, Embd: 64, FFN: 128,
		Heads: 4, KVHeads: 2, HeadDim: 32, Vocab: 512, Context: 512, RopeBase: 1e6, Eps: 1e-6,
		Tied: true, QKNorm: true, tokens: qwenBPE,
	}, {
		Name: "tiny-moe", Arch: "qwen3moe", Layers: 2, Embd: 64, FFN: 128,
		Heads: 4, KVHeads: 2, HeadDim: 32, Vocab: 512, Context: 512, RopeBase: 1e6, Eps: 1e-6,
		QKNorm: true, Experts: 8, ExpertsUsed: 2, ExpertFFN: 32, tokens: qwenBPE,
	}, {
		Name: "tinyllama", Arch: "llama", Layers: 22, Embd: 2048, FFN: 5632,
		Heads: 32, KVHeads: 4, HeadDim: 64, Vocab: 32000, Context: 2048, RopeBase: 1e4, Eps: 1e-5, tokens: spm,
	}, {
		Name: "llama2-7b", Arch: "llama", Layers: 32, Embd: 4096, FFN: 11008,
		Heads: 32, KVHeads: 32, HeadDim: 128, Vocab: 32000, Context: 4096, RopeBase: 1e4, Eps: 1e-5, tokens: spm,
	}, {
		Name: "llama3-8b", Arch: "llama", Layers: 32, Embd: 4096, FFN: 14336,
		Heads: 32, KVHeads: 8, HeadDim: 128, Vocab: 128256, Context: 8192, RopeBase: 5e5, Eps: 1e-5, tokens: llamaBPE,
	}, {
		Name: "qwen2.5-0.5b", Arch: "qwen2", Layers: 24, Embd: 896, FFN: 4864,
		Heads: 14, KVHeads: 2, HeadDim: 64, Vocab: 151936, Context: 32768, RopeBase: 1e6, Eps: 1e-6,
		Tied: true, Bias: true, tokens: qwenBPE,
	}, {
		Name: "qwen2.5-1.5b", Arch: "qwen2", Layers: 28, Embd: 1536, FFN: 8960,
		Heads: 12, KVHeads: 2, HeadDim: 128, Vocab: 151936, Context: 32768, RopeBase: 1e6, Eps: 1e-6,
		Tied: true, Bias: true, tokens: qwenBPE,
	}, {
		Name: "qwen3-0.6b", Arch: "qwen3", Layers: 28, Embd: 1024, FFN: 3072,
		Heads: 16, KVHeads: 8, HeadDim: 128, Vocab: 151936, Context: 40960, RopeBase: 1e6, Eps: 1e-6,
		Tied: true, QKNorm: true, tokens: qwenBPE,
	}, {
		Name: "qwen3-30b-a3b", Arch: "qwen3moe", Layers: 48, Embd: 2048, FFN: 6144,
		Heads: 32, KVHeads: 4, HeadDim: 128, Vocab: 151936, Context: 40960, RopeBase: 1e6, Eps: 1e-6,
		QKNorm: true, Experts: 128, ExpertsUsed: 8, ExpertFFN: 768, tokens: qwenBPE,
	},
}

// Shapes returns all shapes, the smallest first within each family.
func Shapes() []Shape { return slices.Clone(shapes) }

func shapeByName(name string) (Shape, error) {
	var names []string
	for _, s := range shapes {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Shape{}, fmt.Errorf("synth: no shape %q; there are %s", name, strings.Join(names, ", "))
}

// role is what a tensor is for, as far as its type and its weights depend on
// it.
type role int

const (
	roleNorm role = iota // a vector around one
	roleBias             // a vector around zero
	roleEmbedding
	roleOutput
	roleAttn // q and k
	roleAttnV
	roleAttnOut
	roleRouter
	roleFFN // gate and up
	roleFFNDown
)

// tensor is one of the model, before its type is chosen.
type tensor struct {
	name  string
	role  role
	layer int
	dims  []int64
}

// tensors lists a model's tensors in the order of the file.
func (s Shape) tensors() []tensor {
	embd, q, kv := int64(s.Embd), int64(s.Heads*s.HeadDim), int64(s.KVHeads*s.HeadDim)
	list := []tensor{{"token_embd.weight", roleEmbedding, 0, []int64{embd, int64(s.Vocab)}}}
	for layer := range s.Layers {
		add := func(name string, r role, dims ...int64) {
			list = append(list, tensor{fmt.Sprintf("blk.%d.%s", layer, name), r, layer, dims})
		}
		add("attn_norm.weight", roleNorm, embd)
		add("attn_q.weight", roleAttn, embd, q)
		add("attn_k.weight", roleAttn, embd, kv)
		add("attn_v.weight", roleAttnV, embd, kv)
		add("attn_output.weight", roleAttnOut, q, embd)
		if s.Bias {
			add("attn_q.bias", roleBias, q)
			add("attn_k.bias", roleBias, kv)
			add("attn_v.bias", roleBias, kv)
		}
		if s.QKNorm {
			add("attn_q_norm.weight", roleNorm, int64(s.HeadDim))
			add("attn_k_norm.weight", roleNorm, int64(s.HeadDim))
		}
		add("ffn_norm.weight", roleNorm, embd)
		if n, wide := int64(s.Experts), int64(s.ExpertFFN); n > 0 {
			add("ffn_gate_inp.weight", roleRouter, embd, n)
			add("ffn_gate_exps.weight", roleFFN, embd, wide, n)
			add("ffn_up_exps.weight", roleFFN, embd, wide, n)
			add("ffn_down_exps.weight", roleFFNDown, wide, embd, n)
			continue
		}
		add("ffn_gate.weight", roleFFN, embd, int64(s.FFN))
		add("ffn_up.weight", roleFFN, embd, int64(s.FFN))
		add("ffn_down.weight", roleFFNDown, int64(s.FFN), embd)
	}
	list = append(list, tensor{"output_norm.weight", roleNorm, 0, []int64{embd}})
	if !s.Tied {
		list = append(list, tensor{"output.weight", roleOutput, 0, []int64{embd, int64(s.Vocab)}})
	}
	return list
}
