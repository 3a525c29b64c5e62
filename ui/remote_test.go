package ui

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/runnel-chat/runnel/gguf/library"
	"github.com/runnel-chat/runnel/infer"
)

// distant is an engine that only answers.
type distant struct{ Engine }

// TestServersAreListed shows servers beside files, whichever comes first, and
// keeps what was chosen meanwhile.
func TestServersAreListed(t *testing.T) {
	m := chatWith(t, newFakeEngine())
	m.o.Remotes = func(context.Context) []library.Model {
		return []library.Model{
			{Name: "deepseek-v3", Path: "http://lab/v1#deepseek-v3", Arch: "on lab", Context: 131072},
			{Name: "away", Err: errors.New("remote: nothing listens at away\x1b[2J")},
		}
	}
	for _, serversFirst := range []bool{false, true} {
		m.pick = picker{theme: m.theme}
		m.resize(100, 24)
		m.view = viewPicker
		if serversFirst {
			run(m, m.listRemotes())
			run(m, m.listModels())
		} else {
			run(m, m.listModels())
			press(m, "<down>")
			run(m, m.listRemotes())
			if got, _ := m.pick.selected(); got.Name != "qwen3-30b-a3b" {
				t.Errorf("the bar is on %s", got.Name)
			}
		}
		v := m.View().Content
		checkSafe(t, "the picker", v)
		last := -1
		for _, want := range []string{"on servers", "tinyllama", "qwen3", "deepseek-v3", "128k context", "away"} {
			at := strings.Index(ansi.Strip(v), want)
			if at < last {
				t.Errorf("%q is missing, or not in its place:\n%s", want, ansi.Strip(v))
			}
			last = max(last, at)
		}
	}
}

// TestDistantEngine is a chat with an engine that has no weights here.
func TestDistantEngine(t *testing.T) {
	e := newFakeEngine()
	e.info = infer.Info{Name: "deepseek-v3", Arch: "on lab", Context: 4096}
	e.stats = infer.Stats{At: e.stats.At, Backend: "remote", ContextUsed: 17, ContextSize: 4096, AnswerTokens: 5}
	m := chatWith(t, e)
	m.engine = distant{e}
	m.resize(120, 40)
	m.look()
	side := strings.Join(m.panel.Render(), "\n")
	if !strings.Contains(side, "on lab") || !strings.Contains(side, "17 / 4096") || strings.Contains(side, "weights") || strings.Contains(side, "threads") {
		t.Errorf("the panel is\n%s", ansi.Strip(side))
	}
	press(m, "/set memory 2GiB", "<enter>")
	press(m, "Hi", "<enter>")
	if m.answer == nil {
		t.Fatal("nothing was asked")
	}
	answerWith(m, e, "Hello", "", infer.Failed, errors.New("remote: lab dropped the connection"))
	got := ansi.Strip(m.View().Content)
	for _, want := range []string{"Hello", "remote: lab dropped the connection"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing:\n%s", want, got)
		}
	}
}
