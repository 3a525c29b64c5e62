package cli

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/runnel-chat/runnel/gguf"
	"github.com/runnel-chat/runnel/gguf/synth"
)

// altered writes a synthetic model again, with metadata changed and one tensor
// renamed.
func altered(t *testing.T, path, shape string, set map[string]any, from, to string) {
	t.Helper()
	var whole bytes.Buffer
	if err := synth.Write(&whole, shape, "Q4_K_M", 1); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(bytes.NewReader(whole.Bytes()), int64(whole.Len()), gguf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := gguf.NewWriter(out)
	for _, v := range f.Keys() {
		if _, ok := set[v.Key]; !ok {
			w.Set(v.Key, valueOf(t, f, v.Key))
		}
	}
	for k, v := range set {
		if v != nil {
			w.Set(k, v)
		}
	}
	for _, tensor := range f.Tensors {
		w.Add(strings.Replace(tensor.Name, from, to, 1), tensor.Type, tensor.Dims[:tensor.NDims]...)
	}
	if err := w.Begin(); err != nil {
		t.Fatal(err)
	}
	for _, tensor := range f.Tensors {
		if _, err := w.Write(whole.Bytes()[tensor.Off:][:tensor.Len]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
}

// valueOf reads a key as a writer takes it.
func valueOf(t *testing.T, f *gguf.File, key string) any {
	if v, err := f.String(key); err == nil {
		return v
	}
	if v, err := f.Bool(key); err == nil {
		return v
	}
	if v, err := f.Uint(key, 0, math.MaxUint32); err == nil {
		return uint32(v)
	}
	if v, err := f.Float(key, -1e30, 1e30); err == nil {
		return float32(v)
	}
	if v, err := f.Strings(key); err == nil {
		return v
	}
	if v, err := f.Floats(key); err == nil {
		return v
	}
	v, err := f.Ints(key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestShow keeps what is said of a model, and of files that cannot run.
func TestShow(t *testing.T) {
	const template = "{% for m in messages %}{{ m.content }}{% endfor %}{% if tools %}\n{{ tools }}{% endif %}"
	for name, tt := range map[string]struct {
		shape    string
		set      map[string]any
		from, to string
	}{
		"whole": {shape: "tiny", set: map[string]any{
			"general.license": "apache-2.0", "tokenizer.chat_template": template, "llama.rope.scaling.type": "yarn",
			"llama.rope.scaling.factor": float32(4), "llama.rope.scaling.original_context_length": uint32(128),
		}},
		"experts":           {shape: "tiny-moe"},
		"broken template":   {shape: "tiny", set: map[string]any{"tokenizer.chat_template": "{% if %}"}},
		"unknown":           {shape: "tiny", set: map[string]any{"general.architecture": "lama"}},
		"tensor missing":    {shape: "tiny", from: "blk.1.ffn_up", to: "blk.1.ffn_upp"},
		"unknown tokenizer": {shape: "tiny-qwen3", set: map[string]any{"tokenizer.ggml.pre": "qwen9"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			altered(t, filepath.Join(h.dir, "m.gguf"), tt.shape, tt.set, tt.from, tt.to)
			code, out, errs := h.cmd("", "show", filepath.Join(h.dir, "m.gguf"), "--mem", "1GiB", "--threads", "1")
			if code != ExitOK || errs != "" {
				t.Fatalf("%d, %q", code, errs)
			}
			out = strings.ReplaceAll(out, h.dir+string(filepath.Separator), "")
			out = regexp.MustCompile(`(?m)^(speed|memory) .*\n`).ReplaceAllString(out, "") // of this machine
			golden.RequireEqual(t, out)
		})
	}
}

func TestPlainFigures(t *testing.T) {
	for x, want := range map[float64]string{
		5360: "5360", 123.4: "123", 42.26: "42.3", 3.14159: "3.14", 0.25: "0.250", 0.0123: "0.0123", 0: "0.00",
	} {
		if got := plain(x); got != want {
			t.Errorf("plain(%g) = %s, want %s", x, got, want)
		}
	}
}
