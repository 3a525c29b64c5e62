package ui

import (
	"context"
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/gguf/library"
)

// begin starts a download and returns what ends it.
func begin(t *testing.T, m *Model, at Progress) (end func(path string, err error)) {
	t.Helper()
	type result struct {
		path string
		err  error
	}
	shown, results := make(chan bool), make(chan result, 1)
	m.o.Pull = func(ctx context.Context, _ string, progress func(Progress)) (string, error) {
		progress(at)
		close(shown)
		select {
		case r := <-results:
			return r.path, r.err
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}

	got := make(chan tea.Msg, 1)
	c := m.pull("org/repo:Q4_K_M")
	go func() { got <- c() }()
	<-shown
	return func(path string, err error) {
		if path != "" || err != nil {
			results <- result{path, err}
		}
		_, next := m.Update(<-got)
		run(m, next)
	}
}

// TestPullFromThePicker: with no model it says what to type, and Enter on it
// downloads and opens.
func TestPullFromThePicker(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	run(m, m.openNamed("broken")) // no model is open
	asked := ""
	m.pick.pulls = true
	m.o.Models = func(context.Context) ([]library.Model, error) { return nil, nil }
	m.o.Pull = func(_ context.Context, ref string, progress func(Progress)) (string, error) {
		asked = ref
		return "there.gguf", nil
	}
	m.o.Resolve = func(_ context.Context, name string) (string, error) { return name, nil }
	run(m, press(m, "<ctrl+l>"))
	wantOnScreen(t, m, "No GGUF file was found.", "type org/repo[:quant] of Hugging Face")
	typing(m, "org/repo:Q4_K_M")
	wantOnScreen(t, m, "▶ download org/repo:Q4_K_M")
	run(m, press(m, "<enter>"))
	if asked != "org/repo:Q4_K_M" || m.engine == nil || m.opened != "there.gguf" {
		t.Errorf("asked for %q, opened %q", asked, m.opened)
	}
	wantOnScreen(t, m, "org/repo:Q4_K_M is here.")
	run(m, press(m, "<ctrl+l>"))
	typing(m, "org")
	if s := screen(m); strings.Contains(s, "▶ download") {
		t.Errorf("half a name can be downloaded:\n%s", s)
	}
}

func TestDownload(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	end := begin(t, m, Progress{File: "a\x1b[31m.gguf", Done: 1 << 30, Total: 4 << 30, Note: "part 3 again"})
	wantOnScreen(t, m, "downloading a.gguf 25 %, 1.0 GiB of 4.0 GiB, part 3 again · Esc stops")
	if v := m.View(); v.ProgressBar == nil || v.ProgressBar.Value != 25 {
		t.Errorf("the terminal's own bar is %+v", v.ProgressBar)
	}
	m.resize(60, 10)
	wantOnScreen(t, m, "downloading a.gguf 25 %")
	m.resize(80, 24)
	run(m, m.pull("org/other"))
	if m.hint != "still downloading org/repo:Q4_K_M" {
		t.Errorf("a second one: %q", m.hint)
	}
	m.hint = ""
	end("x.gguf", nil)
	wantOnScreen(t, m, "org/repo:Q4_K_M is here; Ctrl-L opens it.")
	end = begin(t, m, Progress{})
	wantOnScreen(t, m, "downloading org/repo:Q4_K_M …")
	press(m, "<esc>")
	end("", nil)
	wantOnScreen(t, m, "is stopped. What came stays")
	end = begin(t, m, Progress{})
	end("", errors.New("no such repository"))
	wantOnScreen(t, m, "✗ no such repository")
	for _, line := range []string{"/pull", "/pull what is this"} {
		typing(m, line)
		run(m, press(m, "<enter>"))
		wantOnScreen(t, m, "/pull needs what to download")
		m.talk.clear()
	}
	m.o.Pull = func(context.Context, string, func(Progress)) (string, error) { return "y.gguf", nil }
	typing(m, "/pull org/typed")
	run(m, press(m, "<enter>"))
	wantOnScreen(t, m, "org/typed is here")
	begin(t, m, Progress{})
	if err := m.close(); err != nil { // leaving waits for the end of it
		t.Error(err)
	}
}
