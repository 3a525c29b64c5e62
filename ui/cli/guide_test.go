package cli

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/runnel-chat/runnel/assets"
	"github.com/runnel-chat/runnel/config"
	"github.com/runnel-chat/runnel/infer"
	"github.com/runnel-chat/runnel/infer/chat"
)

// fact is what the guide knows of one thing.
type fact struct {
	Name   string `toml:"name"`
	Answer string `toml:"answer"`
}

func readFacts(t *testing.T) []fact {
	t.Helper()
	var file struct {
		Fact []fact `toml:"fact"`
	}
	if err := toml.Unmarshal([]byte(readDoc(t, "assets/guide/facts.toml")), &file); err != nil {
		t.Fatal(err)
	}
	return file.Fact
}

// heldOut is a question that the guide was not trained on, and the facts that
// answer it.
type heldOut struct {
	Q     string   `json:"q"`
	Facts []string `json:"facts"`
}

func readHeldOut(t *testing.T) (list []heldOut) {
	t.Helper()
	f, err := os.Open("../../assets/guide/heldout.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var h heldOut
		if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
			t.Fatal(err)
		}
		list = append(list, h)
	}
	return list
}

// TestGuideAnswers asks what the guide was never trained on. Right is an
// answer that says word for word what the facts say.
func TestGuideAnswers(t *testing.T) {
	answers := map[string]string{}
	for _, f := range readFacts(t) {
		answers[f.Name] = f.Answer
	}
	e, err := openPath(t.Context(), assets.GuideName, infer.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	questions, right := readHeldOut(t), 0
	for _, h := range questions {
		s := e.Generate(t.Context(), []chat.Message{{Role: "user", Content: h.Q}}, request(config.Default(), e.Info()))
		var b strings.Builder
		w := writer{out: &b}
		if _, err := w.drain(s, io.Discard); err != nil {
			t.Fatal(err)
		}
		got := strings.TrimSpace(b.String())
		if slices.ContainsFunc(h.Facts, func(name string) bool { return got == answers[name] }) {
			right++
			continue
		}
		t.Logf("%s: %q", h.Q, got)
	}
	t.Logf("%d of %d are right", right, len(questions))
	if len(questions) != 100 || right < 88 {
		t.Errorf("%d of %d answers are right", right, len(questions))
	}
}

// TestGuideIsAModel uses the guide as any other model, but for its removal.
func TestGuideIsAModel(t *testing.T) {
	h := newHome(t)
	h.file(t, "guide", "a file of that name in another folder") // is ./guide
	for _, tt := range []struct {
		args     []string
		code     int
		out, err string
	}{
		{[]string{"run", "guide", "how do I run a model bigger than my memory?"}, ExitOK, "read from disk as it computes", "tokens/s"},
		{[]string{"run", "guide", "--mem", "80MiB", "--temp", "2", "what is stalled?"}, ExitOK, "waited for the disk", "tokens/s"},
		{[]string{"show", "guide"}, ExitOK, "architecture  llama", ""},
		{[]string{"bench", "-m", "guide", "--pp", "8", "--tg", "4", "--reps", "1"}, ExitOK, "8", ""},
		{[]string{"rm", "guide", "--yes"}, ExitFailed, "", "part of the program"},
	} {
		code, out, errs := h.cmd("", tt.args...)
		if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.err) {
			t.Errorf("%v: %d, %q, %q", tt.args, code, out, errs)
		}
	}
}

// TestGuideIsTrainedOnItsFacts fails when an answer was changed and the model
// was not trained anew.
func TestGuideIsTrainedOnItsFacts(t *testing.T) {
	f, err := header(assets.GuideName)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range readFacts(t) {
		fmt.Fprintf(&all, "%s: %s\n", f.Name, f.Answer)
	}
	sum := sha256.Sum256([]byte(all.String()))
	if got, err := f.String("guide.facts_sha256"); err != nil || got != hex.EncodeToString(sum[:]) {
		t.Errorf("assets/guide/facts.toml has changed since guide.gguf was trained (%q, %v): see assets/guide/README.md", got, err)
	}
	if n := len(assets.Guide); n > 4_000_000 {
		t.Errorf("guide.gguf has %d bytes, and may have 4 MB", n)
	}
}

// TestGuideKnowsTheCommandLine compares the facts with the commands, flags and
// settings, both ways. When it fails, correct the facts and train anew: see
// assets/guide/README.md.
func TestGuideKnowsTheCommandLine(t *testing.T) {
	var all strings.Builder
	for _, f := range readFacts(t) {
		all.WriteString(f.Answer + "\n")
	}
	text, root := all.String(), tree()
	commands := []string{"COMMAND", "MODEL", "path", "qwen3-0"} // what stands for others in the answers
	for _, c := range visible(root) {
		name := strings.TrimPrefix(c.CommandPath(), "runnel ")
		if strings.Contains(name, " ") || name == "runnel" {
			continue // explained by the command above it
		}
		commands = append(commands, name)
		if !strings.Contains(text, "`runnel "+name) && !strings.Contains(text, "`"+name+"`") {
			t.Errorf("no fact names the command runnel %s", name)
		}
	}
	for _, m := range regexp.MustCompile("`(?:[^`]*\\| )?runnel ([A-Za-z0-9-]+)").FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(m[1], "-") && !slices.Contains(commands, m[1]) {
			t.Errorf("a fact names runnel %s, which does not exist", m[1])
		}
	}
	flags := append(flagsOf(root), "help", "version")
	for _, m := range regexp.MustCompile("--([a-z][a-z-]*)").FindAllStringSubmatch(text, -1) {
		if !slices.Contains(flags, m[1]) {
			t.Errorf("a fact names --%s, which does not exist", m[1])
		}
	}
	keys := map[string]bool{}
	for _, k := range config.Keys {
		keys[k.Name] = true
		if !regexp.MustCompile("`(/set )?" + k.Name + "\\b").MatchString(text) {
			t.Errorf("no fact names the setting %s", k.Name)
		}
	}
	for _, m := range regexp.MustCompile("`(?:/set )?([a-z_]+)(?: = | [0-9.]+(?:GiB)?`)").FindAllStringSubmatch(text, -1) {
		if !keys[m[1]] && m[1] != "new" && m[1] != "review" { // examples of the user's own
			t.Errorf("a fact sets %s, which does not exist", m[1])
		}
	}
}
