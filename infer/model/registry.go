package model

import (
	"fmt"
	"maps"
	"slices"
)

// architectures maps general.architecture to its declaration.
var architectures = map[string]func(*Declaration) *Model{
	"arcee":         arcee,
	"bailingmoe":    deepseek,
	"bailingmoe2":   headNormMoE,
	"chatglm":       glm4,
	"cohere2":       cohere2,
	"command-r":     commandR,
	"deci":          deci,
	"deepseek":      deepseek,
	"deepseek2":     deepseek2,
	"dots1":         headNormMoE,
	"ernie4_5":      llama,
	"ernie4_5-moe":  ernie45moe,
	"exaone":        qwen2,
	"exaone4":       exaone4,
	"falcon":        falcon,
	"gemma":         gemma,
	"gemma2":        gemma2,
	"gemma3":        gemma3,
	"gemma4":        gemma4,
	"glm4":          glm4,
	"glm4moe":       glm4moe,
	"gpt-oss":       gptOSS,
	"gpt2":          gpt2,
	"gptneox":       gptneox,
	"granite":       granite,
	"granitemoe":    granite,
	"hunyuan-dense": hunyuan,
	"hunyuan-moe":   hunyuan,
	"internlm2":     llama,
	"lfm2":          lfm2,
	"lfm2moe":       lfm2,
	"llama":         llama,
	"minicpm":       minicpm,
	"minimax-m2":    minimaxM2,
	"mistral3":      mistral3,
	"nemotron":      nemotron,
	"olmo":          olmo,
	"olmo2":         olmo2,
	"olmoe":         olmoe,
	"phi2":          phi2,
	"phi3":          phi3,
	"qwen":          qwen,
	"qwen2":         qwen2,
	"qwen2moe":      qwen2moe,
	"qwen2vl":       qwen2,
	"qwen3":         qwen3,
	"qwen35":        qwen35,
	"qwen35moe":     qwen35,
	"qwen3moe":      qwen3moe,
	"qwen3next":     qwen3next,
	"qwen3vl":       qwen3,
	"qwen3vlmoe":    qwen3moe,
	"seed_oss":      qwen2,
	"smollm3":       smollm3,
	"stablelm":      stablelm,
	"starcoder":     gpt2,
	"starcoder2":    starcoder2,
	"xverse":        llama,
}

// Architectures lists the names that New accepts.
func Architectures() []string { return slices.Sorted(maps.Keys(architectures)) }

// New declares the tensors of the file's architecture.
func New(d *Declaration) (*Model, error) {
	arch := d.File.Architecture()
	declare, ok := architectures[arch]
	if !ok {
		return nil, fmt.Errorf("model: architecture %q is %w (the nearest that is: %s)",
			arch, ErrUnsupported, nearest(arch, Architectures()))
	}
	m := declare(d)
	if d.err != nil {
		return nil, d.err
	}
	m.Tables = d.tables
	m.rooms, m.used, m.experts, m.keeps = d.rooms, d.used, d.experts, d.keeps
	return m, nil
}

// nearest returns the name that takes the fewest edits to reach.
func nearest(name string, names []string) string {
	best, least := "", 0
	for _, n := range names {
		if d := edits(name, n); best == "" || d < least {
			best, least = n, d
		}
	}
	return best
}

// edits is the Levenshtein distance, of names cut to a sane length.
func edits(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
