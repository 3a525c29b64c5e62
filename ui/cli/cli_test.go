package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/runnel-chat/runnel/gguf/synth"
)

// home is a machine of its own: an empty home folder with one model in it.
type home struct {
	dir, model string
	vars       map[string]string
}

func newHome(t testing.TB) *home {
	t.Helper()
	h := &home{dir: t.TempDir(), vars: map[string]string{}}
	dir := filepath.Join(h.dir, "data", "models")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	h.model = filepath.Join(dir, "tiny.gguf")
	f, err := os.Create(h.model)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(synth.Write(f, "tiny", "Q8_0", 1), f.Close()); err != nil {
		t.Fatal(err)
	}
	return h
}

// cmd runs a command line.
func (h *home) cmd(stdin string, args ...string) (code int, out, errs string) {
	return h.cmdContext(context.Background(), stdin, args...)
}

func (h *home) cmdContext(ctx context.Context, stdin string, args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = Main(ctx, args, Streams{strings.NewReader(stdin), &o, &e, h.getenv})
	return code, o.String(), e.String()
}

func (h *home) getenv(name string) string {
	if v, ok := h.vars[name]; ok {
		return v
	}
	switch name {
	case "HOME":
		return h.dir
	case "RUNNEL_DATA", "RUNNEL_CACHE", "RUNNEL_STATE":
		return filepath.Join(h.dir, strings.ToLower(strings.TrimPrefix(name, "RUNNEL_")))
	case "RUNNEL_CONFIG":
		return filepath.Join(h.dir, "config.toml")
	}
	return ""
}

func (h *home) file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestExitCodes: every failure is one line on standard error, nothing on
// standard output, and its documented code.
func TestExitCodes(t *testing.T) {
	h := newHome(t)
	whole, err := os.ReadFile(h.model)
	if err != nil {
		t.Fatal(err)
	}
	half := h.file(t, "half.gguf", string(whole[:len(whole)/2]))
	header := h.file(t, "header.gguf", string(whole[:100]))
	foreign := h.file(t, "foreign.gguf", "PK\x03\x04\x1b[2J is what this file holds, at some length")
	shard := h.file(t, "m-00001-of-00002.gguf", string(whole))
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"missing path", []string{"run", "./none.gguf", "hi"}, ExitNotFound, "there is no file"},
		{"missing name", []string{"run", "timy", "hi"}, ExitNotFound, `nearest is "tiny"`},
		{"missing shard", []string{"show", shard}, ExitNotFound, "file 2 of 2 is missing"},
		{"show missing", []string{"show", "nothing-like-it"}, ExitNotFound, "not found"},
		{"truncated data", []string{"run", half, "hi"}, ExitFailed, "is it complete?"},
		{"truncated header", []string{"show", header}, ExitFailed, "gguf:"},
		{"foreign", []string{"run", foreign, "hi"}, ExitFailed, "no GGUF file"},
		{"folder", []string{"show", h.dir}, ExitFailed, "is a folder"},
		{"too small a budget", []string{"run", "tiny", "hi", "--raw", "--mem", "1KiB"}, ExitDoesNotFit, ""},
		{"no model", []string{"run"}, ExitUsage, "no model"},
		{"no prompt", []string{"run", "tiny"}, ExitUsage, "no prompt"},
		{"no tools", []string{"run", "tiny", "hi", "--tools", foreign}, ExitFailed, "no JSON list of functions"},
		{"raw tools", []string{"run", "tiny", "hi", "--raw", "--tools", foreign}, ExitUsage, "tools"},
		{"no model to debug", []string{"debug", "logits", "--ids", "1", "--out", "x"}, ExitUsage, "no model"},
		{"ids", []string{"debug", "logits", "-m", "tiny", "--ids", "1,x", "--out", "x"}, ExitUsage, `"x" is not a token id`},
		{"flag", []string{"run", "--frobnicate"}, ExitUsage, "frobnicate"},
		{"range", []string{"run", "tiny", "hi", "--temp", "9"}, ExitUsage, "outside 0..5"},
		{"arguments", []string{"list", "x"}, ExitUsage, ""},
		{"output folder", []string{"debug", "logits", "-m", "tiny", "--ids", "1", "--out", filepath.Join(h.dir, "no", "x")}, ExitFailed, ""},
		{"chat without a terminal", []string{"tiny"}, ExitUsage, "terminal"},
	} {
		code, out, errs := h.cmd("", tt.args...)
		switch {
		case code != tt.code || !strings.Contains(errs, tt.want):
			t.Errorf("%s: code %d, %q; want %d, %q", tt.name, code, errs, tt.code, tt.want)
		case out != "" || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "runnel: ") || strings.ContainsRune(errs, 0x1b):
			t.Errorf("%s: not one plain line: %q, %q", tt.name, out, errs)
		}
	}
}

func TestRun(t *testing.T) {
	h := newHome(t)
	args := []string{"run", "tiny", "Once upon", "--raw", "--temp", "0", "-n", "8", "--ctx", "128", "--threads", "1"}
	code, out, errs := h.cmd("", args...)
	if code != ExitOK || !strings.HasSuffix(out, "\n") || strings.ContainsRune(out, 0x1b) || !strings.Contains(errs, "tokens/s") {
		t.Fatalf("%d, %q, %q", code, out, errs)
	}
	code, events, errs := h.cmd("", append(args, "--json")...)
	if code != ExitOK || errs != "" {
		t.Fatalf("%d, %q", code, errs)
	}
	var text strings.Builder
	var last map[string]any
	for l := range strings.Lines(events) {
		last = nil
		if err := json.Unmarshal([]byte(l), &last); err != nil {
			t.Fatal(err)
		}
		if last["type"] == "text" {
			text.WriteString(last["text"].(string))
		}
	}
	if h.plain(text.String()) != strings.TrimSuffix(out, "\n") && !strings.HasSuffix(text.String(), "\n") {
		t.Errorf("events say %q, the text is %q", text.String(), out)
	}
	wantFigures(t, last)
	if n := last["generated_tokens"].(float64); n < 1 || n > 8 {
		t.Errorf("%v tokens", n)
	}
}

// plain is text as it is written without --json.
func (*home) plain(s string) string {
	var w writer
	return string(w.filter.Flush(w.filter.Append(nil, s)))
}

// wantFigures checks the names of the figures, a stable contract.
func wantFigures(t *testing.T, m map[string]any) {
	t.Helper()
	for _, key := range strings.Fields(`load_s ttft_s prompt_tokens prompt_tps generated_tokens decode_tps
		peak_rss_bytes backend threads prefetch`) {
		if _, ok := m[key]; !ok {
			t.Errorf("no %s in %v", key, m)
		}
	}
	p, _ := m["prefetch"].(map[string]any)
	for _, key := range strings.Fields(`budget_bytes weight_bytes pinned_bytes hits late sync_loads bytes_read
		stall_s bound_s pass_s bound_ratio source limiter`) {
		if _, ok := p[key]; !ok {
			t.Errorf("no prefetch.%s in %v", key, p)
		}
	}
	for _, key := range []string{"prompt_tokens", "peak_rss_bytes", "threads", "load_s", "ttft_s"} {
		if x, _ := m[key].(float64); x <= 0 {
			t.Errorf("%s is %v", key, m[key])
		}
	}
	if x, _ := p["weight_bytes"].(float64); x <= 0 {
		t.Errorf("prefetch.weight_bytes is %v", x)
	}
}

// TestRunReadsInput: what is piped in follows the prompt after an empty line,
// or is the prompt.
func TestRunReadsInput(t *testing.T) {
	h := newHome(t)
	ask := func(stdin string, args ...string) string {
		code, out, errs := h.cmd(stdin, append(args, "--raw", "--temp", "0", "-n", "6")...)
		if code != ExitOK {
			t.Fatalf("%v: %d, %s", args, code, errs)
		}
		return out
	}
	want := ask("", "run", "tiny", "ab\n\ncd")
	for name, got := range map[string]string{
		"appended":      ask("cd", "run", "tiny", "ab"),
		"alone":         ask("ab\n\ncd", "run", "tiny"),
		"with --model":  ask("cd", "run", "-m", "tiny", "ab"),
		"one argument":  ask("", "run", "-m", h.model, "ab\n\ncd"),
		"a blank input": ask(" \n", "run", "tiny", "ab\n\ncd"),
	} {
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// broken is a reader of ours that has gone away.
type broken struct{}

func (broken) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "stdout", Err: syscall.EPIPE}
}

func TestEndings(t *testing.T) {
	h := newHome(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if code, _, errs := h.cmdContext(ctx, "", "run", "tiny", "ab", "--raw"); code != ExitInterrupted || errs != "" {
		t.Errorf("interrupted: %d, %q", code, errs)
	}
	var errs bytes.Buffer
	code := Main(context.Background(), []string{"list"}, Streams{strings.NewReader(""), broken{}, &errs, h.getenv})
	if code != ExitOK || errs.Len() > 0 {
		t.Errorf("reader gone: %d, %q", code, errs.String())
	}
	h.file(t, "config.toml", "temprature = 1\n")
	if code, _, errs := h.cmd("", "list"); code != ExitFailed || !strings.Contains(errs, `config.toml:1: unknown key "temprature"`) {
		t.Errorf("broken configuration: %d, %q", code, errs)
	}
}

func TestGPUNote(t *testing.T) {
	h := newHome(t)
	code, _, errs := h.cmd("", "run", "tiny", "ab", "--raw", "-n", "1", "--gpu", "4")
	if code != ExitOK || !strings.Contains(errs, "computes on the CPU") {
		t.Errorf("%d, %q", code, errs)
	}
}

func TestBench(t *testing.T) {
	h := newHome(t)
	code, out, errs := h.cmd("", "bench", "-m", "tiny", "--pp", "8", "--tg", "4", "--reps", "2", "--threads", "1", "--json")
	var r map[string]any
	if err := json.Unmarshal([]byte(out), &r); code != ExitOK || err != nil {
		t.Fatalf("%d, %v, %q", code, err, errs)
	}
	wantFigures(t, r)
	for _, key := range []string{"pp_tps", "tg_tps"} {
		if list, _ := r[key].([]any); len(list) != 2 {
			t.Errorf("%s: %v", key, r[key])
		}
	}
}

// TestHostileNames: what files are called never reaches a terminal raw.
func TestHostileNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such names there")
	}
	h := newHome(t)
	odd := filepath.Join(filepath.Dir(h.model), "a\x1b]0;title\x07\x1b[2J\nb\u202e.gguf")
	if err := os.Link(h.model, filepath.Join(h.dir, "linked")); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(odd, []byte("GGUF\x1b[31m and nothing sound after it"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"list"}, {"doctor"}, {"show", odd}, {"show", "a\x1b[31m"}, {"run", odd, "x"}, {"list", "--json"}, {"doctor", "--json"}} {
		_, out, errs := h.cmd("", args...)
		if strings.ContainsAny(out+errs, "\x1b\x07\u202e\u009b") && !strings.Contains(strings.Join(args, " "), "--json") || strings.ContainsRune(out, 0x1b) {
			t.Errorf("%q: %q, %q", args, out, errs)
		}
	}
}

// TestHelp compares what each command says of itself with golden files.
func TestHelp(t *testing.T) {
	t.Setenv("__FANG_TEST_WIDTH", "100")
	h := newHome(t)
	for name, args := range map[string][]string{
		"runnel": {"--help"}, "run": {"run", "--help"}, "list": {"list", "--help"}, "show": {"show", "--help"},
		"pull": {"pull", "--help"}, "rm": {"rm", "--help"},
		"bench": {"bench", "--help"}, "doctor": {"doctor", "--help"}, "debug": {"debug", "--help"},
		"debug_logits": {"debug", "logits", "--help"}, "debug_tokenize": {"debug", "tokenize", "--help"},
		"debug_template": {"debug", "template", "--help"}, "debug_synth": {"debug", "synth", "--help"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := h.cmd("", args...)
			if code != ExitOK || errs != "" {
				t.Fatalf("%d, %q", code, errs)
			}
			var b strings.Builder // the ends of the lines are padding
			for l := range strings.Lines(out) {
				b.WriteString(strings.TrimRight(l, " \n") + "\n")
			}
			golden.RequireEqual(t, b.String())
		})
	}
	if code, out, _ := h.cmd("", "completion", "bash"); code != ExitOK || !strings.Contains(out, "__start_runnel") {
		t.Errorf("completion: %d", code)
	}
	if code, out, _ := h.cmd("", "man"); code != ExitOK || !strings.Contains(out, ".TH RUNNEL 1") {
		t.Errorf("man: %d", code)
	}
}
