package token

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf"
)

// written is a GGUF file with these keys and no tensors.
func written(t testing.TB, keys map[string]any) *gguf.File {
	t.Helper()
	var buf bytes.Buffer
	w := gguf.NewWriter(&buf)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		w.Set(key, keys[key])
	}
	if err := errors.Join(w.Begin(), w.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(bytes.NewReader(buf.Bytes()), int64(buf.Len()), gguf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// smallKeys is a whole tokenizer as a file has it.
func smallKeys() map[string]any {
	m := byteLevel("qwen2", "h i", "Ġ hi")
	types := make([]int32, len(m.types))
	for i, k := range m.types {
		types[i] = int32(k)
	}
	return map[string]any{
		"general.architecture":            "test",
		"general.name":                    "phi3 small",
		"tokenizer.ggml.model":            "gpt2",
		"tokenizer.ggml.pre":              "qwen2",
		"tokenizer.ggml.tokens":           append(m.tokens, "<s>", "</s>", "<|x|>", "<think>"),
		"tokenizer.ggml.token_type":       append(types, 3, 3, 3, 4),
		"tokenizer.ggml.merges":           m.merges,
		"tokenizer.ggml.bos_token_id":     uint32(258),
		"tokenizer.ggml.eos_token_id":     uint32(259),
		"tokenizer.ggml.eot_token_id":     uint32(260),
		"tokenizer.ggml.eom_token_id":     uint32(1<<32 - 1),
		"tokenizer.ggml.add_bos_token":    true,
		"tokenizer.ggml.add_eos_token":    false,
		"tokenizer.ggml.add_space_prefix": false,
	}
}

func TestNew(t *testing.T) {
	tok, err := New(written(t, smallKeys()))
	if err != nil {
		t.Fatal(err)
	}
	got := spell(tok, "<|x|>  hi<think>12</s>", Options{Special: true, Parse: true})
	if got != "<s> <|x|> hi <think> 1 2 </s>" {
		t.Errorf("got %s", got)
	}
	if tok.BOS() != 258 || tok.EOS() != 259 || !tok.AddBOS() || tok.Size() != 262 {
		t.Errorf("bos %d, eos %d, %t, size %d", tok.BOS(), tok.EOS(), tok.AddBOS(), tok.Size())
	}
	if !tok.IsEOG(259) || !tok.IsEOG(260) || tok.IsEOG(258) || !tok.IsControl(260) || tok.IsControl(261) {
		t.Error("the wrong tokens end an answer")
	}
	if id, ok := tok.ID("<think>"); !ok || id != 261 || tok.Token(id) != "<think>" {
		t.Errorf("<think> is %d", id)
	}
	if got := tok.Decode([]int32{258, 257, 260}); got != "<s> hi<|x|>" {
		t.Errorf("got %q", got)
	}
	if got := tok.AppendPiece(tok.AppendPiece(nil, 260), 257); string(got) != " hi" {
		t.Errorf("got %q", got)
	}
}

// TestNewRefuses: a key of the wrong type is an error that names it.
func TestNewRefuses(t *testing.T) {
	for key, value := range map[string]any{
		"model": uint32(1), "pre": true, "tokens": []int32{1}, "token_type": []string{"x"}, "scores": "x",
		"merges": []float32{1}, "precompiled_charsmap": "x", "bos_token_id": "x", "eos_token_id": float32(1),
		"add_bos_token": uint32(1), "add_eos_token": "x", "add_space_prefix": "x", "remove_extra_whitespaces": "x",
	} {
		keys := smallKeys()
		keys[prefix+key] = value
		if tok, err := New(written(t, keys)); err == nil || tok != nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
	for _, key := range []string{"model", "tokens", "merges"} {
		keys := smallKeys()
		delete(keys, prefix+key)
		if tok, err := New(written(t, keys)); err == nil || tok != nil {
			t.Errorf("accepted without %s", key)
		}
	}
}
