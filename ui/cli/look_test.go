package cli

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
)

func TestListShowDoctor(t *testing.T) {
	h := newHome(t)
	h.file(t, filepath.Join("data", "models", "broken.gguf"), "not a model at all, whatever its name")
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"list"}, []string{"NAME", "tiny", "llama", "Q8_0", "own", "no GGUF file"}},
		{[]string{"show", "tiny"}, []string{"architecture  llama", "quantisation  Q8_0", "2, width 64, 4 heads over 2", "base 10000", "memory", "fits"}},
		{[]string{"show", "tiny", "--mem", "1KiB"}, []string{"larger than"}},
		{[]string{"show", "tiny", "--metadata"}, []string{"llama.block_count", "general.architecture"}},
		{[]string{"doctor"}, []string{"processor", "kernels", "memory", "config", "models", "1: own 1", "fetch it again"}},
	} {
		code, out, errs := h.cmd("", tt.args...)
		for _, w := range tt.want {
			if !strings.Contains(out, w) {
				t.Errorf("%v: no %q in\n%s", tt.args, w, out)
			}
		}
		if code != ExitOK || errs != "" {
			t.Errorf("%v: %d, %q", tt.args, code, errs)
		}
	}

	var list []listed
	h.json(t, &list, "list", "--json")
	if len(list) != 3 || list[2].Source != "built in" || list[0].Error == "" || list[1].Name != "tiny" || list[1].Path != h.model || list[1].Params == 0 {
		t.Errorf("%+v", list)
	}
	var s shown
	h.json(t, &s, "show", "tiny", "--json", "--ctx", "64")
	if !s.Runs || s.Memory == nil || s.Memory.WeightBytes <= 0 || s.Memory.Context != 64 || s.Context != 512 || s.Vocab != 320 || len(s.Types) != 2 {
		t.Errorf("%+v", s)
	}
	var d []finding
	h.json(t, &d, "doctor", "--json")
	if len(d) < 8 {
		t.Errorf("%+v", d)
	}
}

func (h *home) json(t *testing.T, v any, args ...string) {
	t.Helper()
	code, out, errs := h.cmd("", args...)
	if err := json.Unmarshal([]byte(out), v); code != ExitOK || err != nil {
		t.Fatalf("%v: %d, %v, %q", args, code, err, errs)
	}
}

func TestTokenize(t *testing.T) {
	h := newHome(t)
	code, out, errs := h.cmd("ab", "debug", "tokenize", "-m", "tiny")
	var one tokenizeReply
	if err := json.Unmarshal([]byte(out), &one); code != ExitOK || err != nil || one.Decoded != "ab" && one.Decoded != " ab" || len(one.IDs) == 0 {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
	code, out, errs = h.cmd(`{"text":"ab"}`+"\n\n"+`{"text":"cd","add_special":true}`+"\n", "debug", "tokenize", "-m", "tiny", "--batch")
	if code != ExitOK || strings.Count(out, "\n") != 2 {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
	if code, _, errs = h.cmd("{\n", "debug", "tokenize", "-m", "tiny", "--batch"); code != ExitFailed || !strings.Contains(errs, "line 1") {
		t.Errorf("%d, %q", code, errs)
	}
}

func TestTemplate(t *testing.T) {
	h := newHome(t)
	file := h.file(t, "t.jinja", "{% for m in messages %}{% if m.role == 'evil' %}{{ raise_exception('no') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}")
	good := h.file(t, "good.json", `{"messages":[{"role":"user","content":"hi"}]}`)
	bad := h.file(t, "bad.json", `{"messages":[{"role":"evil","content":"hi"}]}`)
	if code, out, errs := h.cmd("", "debug", "template", "--file", file, "--case", good); code != ExitOK || out != "<user>hi" {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
	if code, out, errs := h.cmd("", "debug", "template", "--file", file, "--case", bad); code != ExitFailed || out != "" || !strings.Contains(errs, "refuses: no") {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
	if code, _, errs := h.cmd("", "debug", "template", "--file", file); code != ExitUsage {
		t.Errorf("%d, %q", code, errs)
	}
}

func TestSynthWritesARunnableModel(t *testing.T) {
	h := newHome(t)
	path := filepath.Join(h.dir, "qwen3.gguf")
	if code, _, errs := h.cmd("", "debug", "synth", "--shape", "tiny-qwen3", "--type", "Q8_0", path); code != ExitOK {
		t.Fatalf("%d, %q", code, errs)
	}
	if code, _, errs := h.cmd("", "run", path, "ab", "--raw", "-n", "2"); code != ExitOK {
		t.Errorf("%d, %q", code, errs)
	}
	if code, _, _ := h.cmd("", "debug", "synth", "--shape", "none", path); code != ExitUsage {
		t.Errorf("%d", code)
	}
}

// TestLogitsReferences writes the logits of reference models through the
// command and compares them.
func TestLogitsReferences(t *testing.T) {
	h := newHome(t)
	for _, name := range []string{"llama", "llama_headdim", "llama_linear", "llama_yarn", "llama_ropefreqs", "qwen2", "qwen3"} {
		var ref struct {
			Prompt   []int
			LogitStd float64 `json:"logit_std"`
			Ctx      int     `json:"n_ctx"`
		}
		b, err := os.ReadFile(refs.Dir(t, "arch", name, "ref.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &ref); err != nil {
			t.Fatal(err)
		}
		ids := make([]string, len(ref.Prompt))
		for i, id := range ref.Prompt {
			ids[i] = strconv.Itoa(id)
		}
		out := filepath.Join(h.dir, name+".f32")
		code, _, errs := h.cmd("", "debug", "logits", "-m", refs.Dir(t, "arch", name, "model.gguf"),
			"--ids", strings.Join(ids, ","), "--out", out, "--ctx", strconv.Itoa(ref.Ctx))
		if code != ExitOK {
			t.Errorf("%s: %d, %s", name, code, errs)
			continue
		}
		if worst := worstDifference(t, out, refs.Dir(t, "arch", name, "logits.f32")) / ref.LogitStd; worst > 2e-3 {
			t.Errorf("%s: off by %.1e of the deviation", name, worst)
		}
	}
}

func worstDifference(t *testing.T, path, want string) float64 {
	t.Helper()
	a, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if len(a) != len(b) || len(a) == 0 {
		t.Fatalf("%d bytes, want %d", len(a), len(b))
	}
	worst := 0.0
	for i := 0; i < len(a); i += 4 {
		x := math.Float32frombits(binary.LittleEndian.Uint32(a[i:]))
		y := math.Float32frombits(binary.LittleEndian.Uint32(b[i:]))
		d := math.Abs(float64(x - y))
		if !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// TestStoriesReference: the continuation of a real model, character by
// character.
func TestStoriesReference(t *testing.T) {
	h := newHome(t)
	b, err := os.ReadFile(refs.Dir(t, "stories260K", "ref.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ref struct {
		Text   string
		Prompt string `json:"prompt_text"`
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	code, out, errs := h.cmd("", "run", "-m", refs.Model(t, "stories260K.gguf"), "--raw", "--temp", "0", "-n", "200", ref.Prompt)
	if code != ExitOK || strings.TrimSuffix(out, "\n") != ref.Text {
		t.Errorf("%d, %q, %s\nwant %q", code, out, errs, ref.Text)
	}
}
