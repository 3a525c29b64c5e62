package infer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

// tiny describes a seeded llama that a test writes for itself.
type tiny struct {
	layers, embd, heads, kvHeads, ffn int
	matrices                          gguf.Type // F32 or Q8_0
	skip                              string    // a tensor to leave out
	set                               map[string]any
}

var tinyLlama = tiny{layers: 2, embd: 64, heads: 4, kvHeads: 2, ffn: 128, matrices: gguf.Q8_0}

// vocab is three control tokens, all bytes and a few words.
func (m tiny) vocab() (tokens []string, scores []float32, kinds []int32) {
	add := func(s string, kind int32) {
		tokens, scores, kinds = append(tokens, s), append(scores, -float32(len(tokens))), append(kinds, kind)
	}
	add("<unk>", 2)
	add("<s>", 3)
	add("</s>", 3)
	for b := range 256 {
		add(fmt.Sprintf("<0x%02X>", b), 6)
	}
	for _, w := range []string{"▁", "a", "b", "c", "▁a", "ab", "▁ab", "abc", "▁abc"} {
		add(w, 1)
	}
	return tokens, scores, kinds
}

// write makes the file below dir and returns its path.
func (m tiny) write(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "tiny.gguf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := gguf.NewWriter(f)
	tokens, scores, kinds := m.vocab()
	meta := map[string]any{
		"general.architecture": "llama", "general.name": "tiny",
		"llama.block_count": uint32(m.layers), "llama.embedding_length": uint32(m.embd),
		"llama.attention.head_count": uint32(m.heads), "llama.attention.head_count_kv": uint32(m.kvHeads),
		"llama.feed_forward_length": uint32(m.ffn), "llama.context_length": uint32(2048),
		"llama.attention.layer_norm_rms_epsilon": float32(1e-5),
		"tokenizer.ggml.model":                   "llama", "tokenizer.ggml.tokens": tokens,
		"tokenizer.ggml.scores": scores, "tokenizer.ggml.token_type": kinds,
		"tokenizer.ggml.bos_token_id": uint32(1), "tokenizer.ggml.eos_token_id": uint32(2),
	}
	for k, v := range m.set {
		meta[k] = v
	}
	for k, v := range meta {
		if v != nil {
			w.Set(k, v)
		}
	}
	var names []string
	var rows [][]byte
	rng := rand.New(rand.NewPCG(3, 4))
	add := func(name string, t gguf.Type, n, k int) {
		if name != m.skip {
			w.Add(name, t, append([]int64{int64(k)}, []int64{int64(n)}[:min(1, n-1)]...)...)
			names, rows = append(names, name), append(rows, randomBlocks(rng, t, n*k, k))
		}
	}
	kv := m.embd / m.heads * m.kvHeads
	add("token_embd.weight", m.matrices, len(tokens), m.embd)
	for l := range m.layers {
		blk := func(s string) string { return fmt.Sprintf("blk.%d.%s.weight", l, s) }
		add(blk("attn_norm"), gguf.F32, 1, m.embd)
		add(blk("attn_q"), m.matrices, m.embd, m.embd)
		add(blk("attn_k"), m.matrices, kv, m.embd)
		add(blk("attn_v"), m.matrices, kv, m.embd)
		add(blk("attn_output"), m.matrices, m.embd, m.embd)
		add(blk("ffn_norm"), gguf.F32, 1, m.embd)
		add(blk("ffn_gate"), m.matrices, m.ffn, m.embd)
		add(blk("ffn_up"), m.matrices, m.ffn, m.embd)
		add(blk("ffn_down"), m.matrices, m.embd, m.ffn)
	}
	add("output_norm.weight", gguf.F32, 1, m.embd)
	add("output.weight", m.matrices, len(tokens), m.embd)
	if err := w.Begin(); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		if _, err := w.Write(r); err != nil {
			t.Fatal(names[i], err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// mostRandom is how many values are drawn; they repeat in larger matrices.
const mostRandom = 1 << 20

// randomBlocks encodes normal values with deviation 2/sqrt(k).
func randomBlocks(rng *rand.Rand, t gguf.Type, n, k int) []byte {
	if n > mostRandom {
		return bytes.Repeat(randomBlocks(rng, t, mostRandom, k), n/mostRandom)
	}
	var b []byte
	for i := 0; i < n; i += 32 {
		if t == gguf.Q8_0 {
			b = binary.LittleEndian.AppendUint16(b, 0x1c00|uint16(2048/k)&0x3ff) // about 2^-8
			for range 32 {
				b = append(b, byte(int8(rng.NormFloat64()*40)))
			}
			continue
		}
		for range min(32, n-i) {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(1+rng.NormFloat64()/8)))
		}
	}
	return b
}
