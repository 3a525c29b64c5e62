package infer

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

// llamaPaper is the layer that most decoders are variations of.
func llamaPaper(arch string, change func(*paper)) *paper {
	p := &paper{
		arch: arch, layers: 3, embd: 64, heads: 4, kvHeads: 2, dk: 16, ff: 96, context: 256,
		norm: "rms", attnNorm: "attn_norm", ffnNorm: "ffn_norm", attnPost: "-", ffnPost: "-", outNorm: "output_norm",
		eps: 1e-5, interleaved: true, base: 10000, act: "silu", gated: true,
		embScale: 1, resScale: 1, logitScale: 1, set: map[string]any{},
	}
	if change != nil {
		change(p)
	}
	return p
}

// qwenPaper is the same over the halves of a head.
func qwenPaper(arch string, change func(*paper)) *paper {
	return llamaPaper(arch, func(p *paper) {
		p.interleaved = false
		change(p)
	})
}

// gptPaper has LayerNorms, biases and a plain feed-forward layer.
func gptPaper(arch string, change func(*paper)) *paper {
	return qwenPaper(arch, func(p *paper) {
		p.norm, p.gated, p.act = "layer", false, "gelu"
		p.qBias, p.oBias, p.ffBias = true, true, true
		change(p)
	})
}

// papers lists the architectures, the first name of each being its own.
func papers() map[string]*paper {
	lfm2 := func(p *paper) {
		p.layers, p.kernel, p.headNorm, p.outNorm, p.tied = 5, 3, "head", "token_embd_norm", true
		p.convolves = func(l int) bool { return l != 2 && l != 4 }
		p.set["attention.head_count_kv"] = []uint32{0, 0, 2, 0, 2}
		p.set["shortconv.l_cache"] = uint32(3)
	}
	falcon := func(p *paper) {
		p.norm, p.fused, p.parallel, p.gated, p.act, p.kvHeads = "layer", true, true, false, "erf", 1
	}
	sigmoids := func(p *paper) {
		p.experts = &paperExperts{n: 8, used: 3, ff: 32, sigmoid: true, normalise: true, bias: true, scale: 1.5, dense: 1, shared: 32}
	}
	return map[string]*paper{
		"arcee": llamaPaper("arcee", func(p *paper) { p.gated, p.act = false, "relu2" }),
		"bailingmoe": llamaPaper("bailingmoe", func(p *paper) {
			p.experts = &paperExperts{n: 6, used: 2, ff: 32, normalise: true, scale: 1, shared: 64}
		}),
		"bailingmoe2": qwenPaper("bailingmoe2", func(p *paper) {
			p.fused, p.headNorm = true, "head"
			sigmoids(p)
			p.experts.groups, p.experts.best = 4, 2
		}),
		"chatglm": llamaPaper("chatglm", func(p *paper) {
			p.fused, p.qBias, p.rotated = true, true, 8
		}),
		"command-r+": llamaPaper("command-r", func(p *paper) {
			p.norm, p.parallel, p.headNorm, p.logitScale, p.tied = "layer without bias", true, "layer of each head", 0.5, true
			p.set["logit_scale"] = float32(0.5)
		}),
		"deci": llamaPaper("deci", func(p *paper) {
			p.layers, p.factors = 5, true
			p.headsOf, p.kvOf, p.ffOf = []int{0, 4, 4, 8, 4}, []int{0, 2, 0, 4, 1}, []int{96, 64, 128, 0, 96}
			p.set["attention.head_count"] = []uint32{0, 4, 4, 8, 4}
			p.set["attention.head_count_kv"] = []uint32{0, 2, 0, 4, 1}
			p.set["feed_forward_length"] = []uint32{96, 64, 128, 0, 96}
			p.set["attention.key_length"], p.set["attention.value_length"] = uint32(16), uint32(16)
		}),
		"granite without positions": llamaPaper("granite", func(p *paper) { p.noRope = true; p.set["rope.scaling.finetuned"] = false }),
		"deepseek":                  llamaPaper("deepseek", func(p *paper) { p.experts = &paperExperts{n: 6, used: 2, ff: 32, scale: 1, shared: 64, dense: 1} }),
		"dots1":                     qwenPaper("dots1", func(p *paper) { p.headNorm = "head"; sigmoids(p) }),
		"ernie4_5":                  llamaPaper("ernie4_5", func(p *paper) { p.tied, p.dk = true, 32 }),
		"ernie4_5-moe": llamaPaper("ernie4_5-moe", func(p *paper) {
			p.experts = &paperExperts{n: 8, used: 3, ff: 32, normalise: true, bias: true, scale: 1, dense: 1, every: 2, shared: 64}
			p.layers = 5
		}),
		"exaone": qwenPaper("exaone", func(p *paper) { p.factors = true }),
		"exaone4": qwenPaper("exaone4", func(p *paper) {
			p.attnNorm, p.ffnNorm, p.attnPost, p.ffnPost, p.headNorm, p.layers = "-", "-", "post_attention_norm", "post_ffw_norm", "head", 5
			p.skipsRope = func(l int) bool { return l == 3 }
			p.window = func(l int) int { return map[bool]int{true: 9}[l != 3] }
			p.set["attention.sliding_window"] = uint32(9)
		}),
		"falcon":    qwenPaper("falcon", falcon),
		"falcon40b": qwenPaper("falcon", func(p *paper) { falcon(p); p.kvHeads, p.attnNorm, p.ffnNorm2 = 2, "attn_norm_2", "attn_norm" }),
		"gemma":     qwenPaper("gemma", func(p *paper) { p.act, p.embScale, p.tied, p.dk = "gelu", 8, true, 32 }),
		"glm4moe": qwenPaper("glm4moe", func(p *paper) {
			sigmoids(p)
			p.ffnNorm, p.rotated, p.qBias = "post_attention_norm", 8, true
			p.set["nextn_predict_layers"] = uint32(1)
		}),
		"glm4moe355b": qwenPaper("glm4moe", func(p *paper) {
			sigmoids(p)
			p.ffnNorm, p.rotated, p.headNorm, p.qBias = "post_attention_norm", 8, "head", true
		}),
		"gpt2": gptPaper("gpt2", func(p *paper) { p.positions, p.noRope, p.fused, p.kvHeads, p.tied = true, true, true, 4, true }),
		"gptneox": gptPaper("gptneox", func(p *paper) {
			p.fused, p.act, p.kvHeads, p.rotated, p.parallel, p.ffnNorm2 = true, "erf", 4, 8, true, "ffn_norm"
			p.set["use_parallel_residual"] = true
		}),
		"gptneox in turn": gptPaper("gptneox", func(p *paper) {
			p.fused, p.act, p.kvHeads, p.rotated = true, "erf", 4, 8
			p.set["use_parallel_residual"] = false
		}),
		"granitemoe": llamaPaper("granitemoe", func(p *paper) {
			p.experts = &paperExperts{n: 6, used: 2, ff: 96, normalise: true, scale: 1, shared: 64}
			p.embScale, p.resScale, p.logitScale, p.score, p.tied = 12, 0.22, 0.125, 0.05, true
			p.set["embedding_scale"], p.set["residual_scale"] = float32(12), float32(0.22)
			p.set["logit_scale"], p.set["attention.scale"] = float32(8), float32(0.05)
		}),
		"hunyuan-dense": qwenPaper("hunyuan-dense", func(p *paper) { p.headNorm, p.tied = "after rope", true }),
		"hunyuan-moe": qwenPaper("hunyuan-moe", func(p *paper) {
			p.headNorm = "after rope"
			p.experts = &paperExperts{n: 6, used: 2, ff: 96, normalise: true, scale: 1, shared: 64}
		}),
		"internlm2": llamaPaper("internlm2", nil),
		"lfm2":      qwenPaper("lfm2", lfm2),
		"lfm2moe": qwenPaper("lfm2moe", func(p *paper) {
			lfm2(p)
			sigmoids(p)
			p.experts.shared, p.experts.scale, p.experts.dense = 0, 1, 2
		}),
		"llama with files of experts": llamaPaper("llama", func(p *paper) {
			p.experts = &paperExperts{n: 4, used: 2, ff: 96, normalise: true, scale: 1, splitFiles: true}
		}),
		"minicpm": llamaPaper("minicpm", func(p *paper) {
			p.embScale, p.resScale, p.logitScale = 12, 1.4/math.Sqrt(3), 256/64.
		}),
		"minimax-m2": qwenPaper("minimax-m2", func(p *paper) {
			sigmoids(p)
			p.headNorm, p.rotated, p.experts.shared, p.experts.dense, p.experts.scale = "all heads", 8, 0, 0, 1
		}),
		"nemotron": gptPaper("nemotron", func(p *paper) { p.act, p.rotated, p.qBias, p.oBias, p.ffBias = "relu2", 8, false, false, false }),
		"olmo":     llamaPaper("olmo", func(p *paper) { p.norm, p.tied = "plain", true }),
		"olmoe": qwenPaper("olmoe", func(p *paper) {
			p.headNorm, p.kvHeads, p.experts = "all heads", 4, &paperExperts{n: 6, used: 2, ff: 96, scale: 1}
		}),
		"phi2": gptPaper("phi2", func(p *paper) { p.fused, p.kvHeads, p.rotated, p.parallel, p.outBias = true, 4, 8, true, true }),
		"qwen": qwenPaper("qwen", func(p *paper) {
			p.fused, p.qBias, p.kvHeads = true, true, 4
			p.set["feed_forward_length"] = uint32(192)
		}),
		"qwen2vl": qwenPaper("qwen2vl", func(p *paper) { p.qBias = true; p.set["rope.dimension_sections"] = []uint32{2, 3, 3, 0} }),
		"qwen3vl": qwenPaper("qwen3vl", func(p *paper) { p.headNorm = "head"; p.set["rope.dimension_sections"] = []uint32{4, 2, 2, 0} }),
		"qwen3vlmoe": qwenPaper("qwen3vlmoe", func(p *paper) {
			p.headNorm, p.experts = "head", &paperExperts{n: 6, used: 2, ff: 32, normalise: true, scale: 1}
		}),
		"seed_oss":   qwenPaper("seed_oss", func(p *paper) { p.qBias, p.ffnNorm, p.dk = true, "post_attention_norm", 32 }),
		"stablelm":   qwenPaper("stablelm", func(p *paper) { p.norm, p.rotated, p.qBias, p.kvHeads = "layer", 4, true, 4 }),
		"stablelm2":  qwenPaper("stablelm", func(p *paper) { p.norm, p.rotated, p.parallel, p.headNorm = "layer", 4, true, "layer of each head" }),
		"starcoder":  gptPaper("starcoder", func(p *paper) { p.positions, p.noRope, p.fused, p.kvHeads = true, true, true, 1 }),
		"starcoder2": gptPaper("starcoder2", func(p *paper) { p.tied = true }),
		"xverse":     llamaPaper("xverse", nil),
	}
}

// seededTokens is a prompt of n tokens.
func seededTokens(rng *rand.Rand, n, vocab int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(rng.IntN(vocab))
	}
	return ids
}

// write makes the file of all that the forward pass asked for.
func (p *paper) write(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "paper.gguf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := gguf.NewWriter(f)
	for k, v := range p.metadata() {
		w.Set(k, v)
	}
	for _, name := range p.names {
		dims := make([]int64, len(p.tensors[name].dims))
		for i, n := range p.tensors[name].dims {
			dims[i] = int64(n)
		}
		w.Add(name, gguf.F32, dims...)
	}
	if err := w.Begin(); err != nil {
		t.Fatal(err)
	}
	for _, name := range p.names {
		var raw []byte
		for _, v := range p.tensors[name].x {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
		}
		if _, err := w.Write(raw); err != nil {
			t.Fatal(name, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func (p *paper) metadata() map[string]any {
	tokens, scores, kinds := tinyLlama.vocab()
	meta := map[string]any{
		"general.architecture": p.arch, "tokenizer.ggml.model": "llama",
		"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.scores": scores, "tokenizer.ggml.token_type": kinds,
		"tokenizer.ggml.bos_token_id": uint32(1), "tokenizer.ggml.eos_token_id": uint32(2),
	}
	set := func(key string, v any) { meta[p.arch+"."+key] = v }
	layers := p.layers
	if n, ok := p.set["nextn_predict_layers"].(uint32); ok {
		layers += int(n)
	}
	set("block_count", uint32(layers))
	set("embedding_length", uint32(p.embd))
	set("context_length", uint32(p.context))
	set("attention.head_count", uint32(p.heads))
	set("attention.head_count_kv", uint32(p.kvHeads))
	set("feed_forward_length", uint32(p.ff))
	set("rope.freq_base", float32(p.base))
	if p.norm == "rms" {
		set("attention.layer_norm_rms_epsilon", float32(p.eps))
	} else {
		set("attention.layer_norm_epsilon", float32(p.eps))
	}
	if p.dk != p.embd/p.heads {
		set("attention.key_length", uint32(p.dk))
		set("attention.value_length", uint32(p.dk))
	}
	if p.rotated > 0 {
		set("rope.dimension_count", uint32(p.rotated))
	}
	if x := p.experts; x != nil {
		set("expert_count", uint32(x.n))
		set("expert_used_count", uint32(x.used))
		set("expert_feed_forward_length", uint32(x.ff))
		set("expert_shared_feed_forward_length", uint32(x.shared))
		set("expert_shared_count", uint32(1))
		set("expert_weights_norm", x.normalise)
		set("expert_weights_scale", float32(x.scale))
		set("expert_gating_func", map[bool]uint32{false: 1, true: 2}[x.sigmoid])
		set("leading_dense_block_count", uint32(x.dense))
		if x.every > 0 {
			set("interleave_moe_layer_step", uint32(x.every))
		}
		if x.groups > 0 {
			set("expert_group_count", uint32(x.groups))
			set("expert_group_used_count", uint32(x.best))
		}
	}
	for k, v := range p.set {
		set(k, v)
	}
	return meta
}

// TestPapers compares the engine with every architecture as it was published,
// in each instruction set, as one batch, token by token, and with a part of
// the weights in memory.
func TestPapers(t *testing.T) {
	for name, p := range papers() {
		p.rng = rand.New(rand.NewPCG(uint64(len(name)), 8))
		vocab := len(firstOf(tinyLlama.vocab()))
		ids := seededTokens(p.rng, 40, vocab)
		var want []float32
		for _, row := range p.logits(ids, vocab) {
			for _, v := range row {
				want = append(want, float32(v))
			}
		}
		path := p.write(t, t.TempDir())
		t.Run(name, func(t *testing.T) {
			inEachTier(t, func(t *testing.T) { comparePaper(t, path, ids, want) })
			streamPaper(t, path, ids)
		})
	}
}

func firstOf(tokens []string, _ []float32, _ []int32) []string { return tokens }

func comparePaper(t *testing.T, path string, ids []int32, want []float32) {
	o := Options{KV: "f32", Threads: 2}
	e := openTest(t, path, o)
	got := logitsOf(t, e, ids)
	limit := 1e-3 * deviation(want)
	if d := maxDifference(got, want); !(d <= limit) {
		t.Fatalf("logits differ by %.2g of their deviation", d/deviation(want))
	}
	e.session.truncate(0)
	var single []float32
	for _, id := range ids {
		row, err := e.session.step(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		single = append(single, row.Values...)
	}
	if d := maxDifference(single, want); !(d <= limit) {
		t.Errorf("token by token the logits differ by %.2g of their deviation", d/deviation(want))
	}
}

// streamPaper has two thirds of the weights in memory: the least budget of the
// small models is more than a half.
func streamPaper(t *testing.T, path string, ids []int32) {
	o := Options{KV: "f32", Threads: 2}
	e := openTest(t, path, o)
	want := logitsOf(t, e, ids)
	o.tiles, o.weights = 2<<10, e.Stats().WeightBytes/3*2
	s := openTest(t, path, o)
	if got := logitsOf(t, s, ids); !slices.Equal(got, want) {
		t.Errorf("with less memory the logits differ by %g", maxDifference(got, want))
	}
	if c := s.Stats().Cache; c.StreamedBytes+c.CacheBytes == 0 {
		t.Error("nothing was streamed")
	}
}

func deviation(x []float32) float64 {
	mean, squares := 0.0, 0.0
	for _, v := range x {
		mean += float64(v) / float64(len(x))
	}
	for _, v := range x {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	return math.Sqrt(squares / float64(len(x)))
}
