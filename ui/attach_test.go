package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/infer"
)

// inFolder runs the test in a folder with these files.
func inFolder(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Skipf("this file system refuses the name: %v", err)
		}
	}
}

// typing sends text and does what follows from each key.
func typing(m *Model, keys ...string) {
	for _, k := range keys {
		if strings.HasPrefix(k, "<") && len(k) > 1 {
			run(m, press(m, k))
			continue
		}
		for _, r := range k {
			run(m, press(m, string(r)))
		}
	}
}

// lastAsked is the newest message that the engine was told.
func lastAsked(e *fakeEngine) string {
	msgs := e.asked[len(e.asked)-1]
	return msgs[len(msgs)-1].Content
}

func TestRead(t *testing.T) {
	inFolder(t, map[string]string{"notes.txt": "one\r\ntwo ```\n", "two words.md": "x"})
	e := newFakeEngine()
	m := chatWith(t, e)
	typing(m, "/read notes.txt", "<enter>")
	if got := m.write.value(); got != "[notes.txt, 2 lines] " {
		t.Fatalf("the composer holds %q", got)
	}
	press(m, "what is it?", "<enter>")
	const block = "File notes.txt:\n````\none\ntwo ```\n````\n"
	if got := lastAsked(e); got != block+" what is it?" {
		t.Errorf("the model is told %q", got)
	}
	answerWith(m, e, "a note", "", infer.EndOfTurn, nil)
	typing(m, "/read two words.md", "<enter>")
	if got := m.write.value(); got != "[two words.md, 1 line] " {
		t.Errorf("the composer holds %q", got)
	}
	// Another text of the same name and length is another chip.
	if err := os.WriteFile("two words.md", []byte("y"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		press(m, "<ctrl+c>")
		typing(m, "/read two words.md", "<enter>")
	}
	if got := m.write.value(); got != "[two words.md #2, 1 line] " || !strings.Contains(m.write.full(), "y\n") {
		t.Errorf("the composer holds %q, in full %q", got, m.write.full())
	}
}

func TestReadRefuses(t *testing.T) {
	inFolder(t, map[string]string{
		"big": strings.Repeat("x", attachMost+1), "most": strings.Repeat("x", attachMost),
		"binary": "a\x00b", "latin1": "caf\xe9", "dir/x": "", "evil\x1b[31m\u202e.bin": "\xff",
	})
	for name, want := range map[string]string{
		"big": "big has 1 MiB; files of up to 1 MiB can be attached", "binary": "binary is no text in UTF-8", "latin1": "latin1 is no text",
		"dir": "dir is a folder", "nowhere": "nowhere cannot be read: no such file", os.DevNull: "is no file with a text",
		"evil\x1b[31m\u202e.bin": "evil‹U+202E›.bin is no text",
	} {
		if _, err := readText(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
	if text, err := readText("most"); err != nil || len(text) != attachMost {
		t.Errorf("the longest: %d bytes, %v", len(text), err)
	}
	e := newFakeEngine()
	m := chatWith(t, e)
	typing(m, "/read binary", "<enter>")
	wantOnScreen(t, m, "✗ binary is no text in UTF-8; only texts can be attached")
	typing(m, "look at @binary", "<enter>")
	if m.write.value() != "look at @binary" || len(e.asked) != 0 {
		t.Errorf("after a refusal the composer holds %q, asked %v", m.write.value(), e.asked)
	}
}

// TestMentions: a word with an @ that names a file brings it along; another
// word, or one inside of a file, does not.
func TestMentions(t *testing.T) {
	inFolder(t, map[string]string{"a.txt": "see @b.txt", "b.txt": "secret"})
	e := newFakeEngine()
	m := chatWith(t, e)
	press(m, "ask me@b.txt or @nobody, about @a.txt")
	m.offer.close()
	typed := press(m, "<enter>")
	if len(e.asked) != 0 {
		t.Fatal("files are read in Update")
	}
	m.Update(typed())
	if got, want := lastAsked(e), "ask me@b.txt or @nobody, about @a.txt\n\nFile a.txt:\n```\nsee @b.txt\n```\n"; got != want {
		t.Errorf("the model is told %q, want %q", got, want)
	}
	answerWith(m, e, "seen", "", infer.EndOfTurn, nil)
	typing(m, "/read a.txt", "<enter>")
	press(m, "<enter>")
	if got := lastAsked(e); strings.Contains(got, "secret") {
		t.Errorf("a file brings another: %q", got)
	}
}

func TestCompletion(t *testing.T) {
	inFolder(t, map[string]string{
		"main.go": "package main\n", "map.txt": "x", "src/deep.go": "y\n", ".hidden": "", "ma\x1b]0;x\x07p\u202e.txt": "z", "a b/c": "",
	})
	e := newFakeEngine()
	m := chatWith(t, e)
	typing(m, "see @ma")
	wantOnScreen(t, m, "▶ map‹U+202E›.txt", "  main.go", "  map.txt", "Tab take it")
	checkSafe(t, "the completion", m.View().Content)
	typing(m, "i")
	if len(m.offer.shown) != 1 {
		t.Fatalf("offered %+v", m.offer.shown)
	}
	typing(m, "<tab>")
	if got := m.write.value(); got != "see [main.go, 1 line] " {
		t.Fatalf("the composer holds %q", got)
	}
	typing(m, "and @s", "<tab>")
	if got := m.write.value(); got != "see [main.go, 1 line] and @src/" {
		t.Fatalf("the composer holds %q", got)
	}
	wantOnScreen(t, m, "▶ deep.go")
	typing(m, "<tab>")
	if got := m.write.full(); got != "see File main.go:\n```\npackage main\n```\n and File src/deep.go:\n```\ny\n```\n " {
		t.Errorf("in full %q", got)
	}
	typing(m, "<ctrl+c>", "@")
	if s := screen(m); strings.Contains(s, ".hidden") || strings.Contains(s, "a b/") {
		t.Errorf("offered:\n%s", s)
	}
	wantOnScreen(t, m, "  src/")
	typing(m, "<esc>")
	if m.completing() || m.write.value() != "@" {
		t.Error("Esc does not close what is offered")
	}
	typing(m, "<ctrl+c>", "/read ma", "<down>", "<tab>")
	if got := m.write.value(); got != "[main.go, 1 line] " {
		t.Errorf("after /read the composer holds %q", got)
	}
	typing(m, "<ctrl+c>", "/und")
	wantOnScreen(t, m, "▶ /undelete  bring the deleted one back", "  /undo")
	typing(m, "<down>", "<tab>")
	if got := m.write.value(); got != "/undo " {
		t.Errorf("the command became %q", got)
	}
}

func TestLongMessageFolds(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	m.resize(80, 60)
	text := strings.TrimSpace(strings.Repeat("line\n", 30))
	m.write.set(text)
	press(m, "<enter>")
	answerWith(m, e, "yes", "", infer.EndOfTurn, nil)
	wantOnScreen(t, m, "… 18 more lines")
	press(m, "<tab>", "k", " ")
	if s := screen(m); strings.Contains(s, "more lines") || strings.Count(s, "line") < 30 {
		t.Errorf("it does not unfold:\n%s", s)
	}
	if lastAsked(e) != text {
		t.Error("the model is not told all")
	}
}

func TestPresets(t *testing.T) {
	e := newFakeEngine()
	m := chatWith(t, e)
	typing(m, "/preset", "<enter>")
	wantOnScreen(t, m, "There are no presets")
	m.o.Config.Presets = map[string]string{"short": "In one sentence:\n", "long": strings.Repeat("x\n", 20)}
	typing(m, "/preset shirt", "<enter>")
	wantOnScreen(t, m, "There is no preset shirt. The nearest is short.")
	typing(m, "/preset short why is the sky blue?", "<enter>")
	if got := m.write.value(); got != "In one sentence:\nwhy is the sky blue?" {
		t.Errorf("the composer holds %q", got)
	}
	press(m, "<ctrl+c>")
	typing(m, "/preset long", "<enter>")
	if got := m.write.value(); got != "[Pasted #1, 20 lines]" {
		t.Errorf("the composer holds %q", got)
	}
}

func TestHistorySearch(t *testing.T) {
	e := newFakeEngine()
	m, s := keptChat(t, e)
	exchange(m, e, "an old apple", "yes")
	press(m, "draft")
	m.write.history = nil // another run
	run(m, press(m, "<ctrl+r>"))
	wantOnScreen(t, m, "Sent before", "▶ an old apple")
	press(m, "<esc>")
	press(m, "<ctrl+c>")
	exchange(m, e, "a new pear", "no")
	exchange(m, e, "an old apple", "again")
	run(m, press(m, "<ctrl+r>"))
	if got := m.recall.all; len(got) != 3 || got[0] != "an old apple" || got[1] != "a new pear" || got[2] != "draft" {
		t.Errorf("listed %q", got)
	}
	typing(m, "PEAR")
	if len(m.recall.shown) != 1 {
		t.Errorf("%d match", len(m.recall.shown))
	}
	press(m, "<enter>")
	if m.write.value() != "a new pear" || m.view != viewChat {
		t.Errorf("the composer holds %q", m.write.value())
	}
	for _, h := range hostile {
		m.recall.all = []string{h}
		m.view = viewHistory
		m.recall.narrow("")
		checkSafe(t, "the history", m.View().Content)
		m.recall.narrow(h)
		checkSafe(t, "the history", m.View().Content)
	}
	if texts, err := s.Asked(9); err != nil || len(texts) != 2 || texts[0] != "an old apple" {
		t.Errorf("the store has %q, %v", texts, err)
	}
}
