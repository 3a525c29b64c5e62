package ui

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/runnel-chat/runnel/config"
)

// TestBuiltInKeysAgree: a key or a slash command means one thing, and every
// key is one that a terminal sends.
func TestBuiltInKeysAgree(t *testing.T) {
	if _, err := ParseKeys(nil); err != nil {
		t.Error(err)
	}
	names, slash := map[string]bool{}, map[string]bool{}
	for _, c := range commands {
		if names[c.name] || c.name == "" || c.help == "" || (c.run == nil) == (c.edit == nil) {
			t.Errorf("%+v", c)
		}
		names[c.name] = true
		for _, k := range strings.Fields(c.keys) {
			if got, err := parseKey(k); err != nil || got != k {
				t.Errorf("%s: key %q is %q, %v", c.name, k, got, err)
			}
		}
		for _, s := range c.slash {
			if slash[s] {
				t.Errorf("/%s is there twice", s)
			}
			slash[s] = true
		}
	}
	for _, name := range append(needed, alsoSelecting...) {
		if !names[name] {
			t.Errorf("no command is called %s", name)
		}
	}
}

func bound(pairs ...string) map[string]config.Binding {
	b := map[string]config.Binding{}
	for i := 0; i < len(pairs); i += 2 {
		b[pairs[i]] = config.Binding{Keys: strings.Fields(pairs[i+1]), At: fmt.Sprintf("c.toml:%d", i/2+1)}
	}
	return b
}

func TestRemapping(t *testing.T) {
	keys, err := ParseKeys(bound(
		"new", "Ctrl+X F9", "send", "alt+enter", "newline", "enter", "think", "", "copy-message", "p", "list-down", "ctrl+j down",
		"line-start", "shift+alt+a", "stats", "ctrl+shift+f2", "quit-when-empty", "q", "copy-code", "7 8",
	))
	if err != nil {
		t.Fatal(err)
	}
	e := newFakeEngine()
	m := chatWith(t, e)
	m.keys, m.write.area.KeyMap = keys, keys.editing()
	m.resize(120, 100)
	press(m, "a", "<enter>", "b")
	if m.write.value() != "a\nb" || m.answer != nil {
		t.Errorf("Enter no longer begins a line: %q", m.write.value())
	}
	m.Update(tea.KeyPressMsg{Code: 'a', Mod: tea.ModAlt | tea.ModShift})
	press(m, "x")
	m.Update(tea.KeyPressMsg{Code: tea.KeyEnter, Mod: tea.ModAlt})
	if len(e.asked) != 1 || e.asked[0][0].Content != "a\nxb" {
		t.Fatalf("asked %+v", e.asked)
	}
	answerWith(m, e, "```\none\n```\n\n```\ntwo\n```\n", "", 0, nil)
	press(m, "<tab>")
	wantOnScreen(t, m, "p copy", "7 code block")
	run(m, press(m, "8"))
	if e.copied != "two\n" {
		t.Errorf("the second key copies %q", e.copied)
	}
	press(m, "y")
	if m.hint != "" {
		t.Errorf("the old key still copies: %q", m.hint)
	}
	press(m, "<esc>", "<ctrl+p>")
	wantOnScreen(t, m, "Ctrl-X, F9, /new, /clear")
	press(m, "<esc>", "<f1>")
	wantOnScreen(t, m, "Alt-Enter                  send", "Ctrl-Shift-F2, /stats", "/think ")
	press(m, "<esc>", "<ctrl+x>")
	if len(m.talk.items) != 0 {
		t.Error("Ctrl-X begins no new conversation")
	}
	if cmd := press(m, "q"); cmd == nil {
		t.Error("q does not leave")
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	for _, tt := range []struct {
		custom map[string]config.Binding
		want   string
	}{
		{bound("sesions", "f5"), `config: c.toml:1: keys.sesions: there is no such action; the nearest is "sessions"`},
		{bound("new", "crtl+n"), `config: c.toml:1: keys.new: "crtl+n" is no key such as ctrl+s, f5, alt+enter or x`},
		{bound("new", "ctrl+"), `"ctrl+" is no key`},
		{bound("new", "\x01"), `is no key`},
		{bound("new", "f64"), `is no key`},
		{bound("new", "ctrl+s"), "config: c.toml:1: keys.new: ctrl+s belongs to sessions, which needs another key or none"},
		{bound("undo", "ctrl+a"), "config: c.toml:1: keys.undo: ctrl+a belongs to line-start"},
		{bound("line-end", "ctrl+p"), "config: c.toml:1: keys.line-end: ctrl+p belongs to commands"},
		{bound("copy-message", "esc"), "keys.copy-message: esc belongs to back"},
		{bound("help", "f5", "stats", "f5"), "c.toml:2: keys.stats: f5 belongs to help"},
		{bound("help", "f5 f5"), "c.toml:1: keys.help: f5 belongs to help"},
		{bound("new", "n"), `"n" would be typed no more`},
		{bound("list-choose", "space"), `"space" would be typed no more`},
		{bound("new", "ctrl+m"), "keys.new: terminals send enter for ctrl+m"},
		{bound("back", ""), "keys.back: it needs a key"},
	} {
		if _, err := ParseKeys(tt.custom); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %s", tt.custom, err, tt.want)
		}
	}
}

func TestKeyLabels(t *testing.T) {
	for name, want := range map[string]string{"ctrl+l": "Ctrl-L", "alt+<": "Alt-<", "ctrl++": "Ctrl-+", "+": "+", "G": "G", "shift+enter": "Shift-Enter", "f12": "F12", "pgdown": "PgDn"} {
		if got := keyLabel(name); got != want {
			t.Errorf("%s is shown as %s, want %s", name, got, want)
		}
	}
}

// keyTable is the README's list of actions.
func keyTable() string {
	var b strings.Builder
	b.WriteString("| action | keys | typed | meaning |\n|---|---|---|---|\n")
	code := func(words []string) string {
		for i, w := range words {
			words[i] = "`" + strings.ReplaceAll(w, "|", `\|`) + "`"
		}
		return strings.Join(words, " ")
	}
	for _, c := range commands {
		var typed []string
		for i, s := range c.slash {
			if s = "/" + s; i == 0 && c.args != "" {
				s += " " + c.args
			}
			typed = append(typed, s)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", c.name, code(strings.Fields(c.keys)), code(typed), c.help)
	}
	return b.String()
}

// TestReadmeListsKeys: go test ./ui -update writes the table.
func TestReadmeListsKeys(t *testing.T) {
	const from, to = "<!-- keys -->\n", "<!-- end of keys -->\n"
	raw, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := strings.ReplaceAll(string(raw), "\r\n", "\n")
	head, rest, ok := strings.Cut(readme, from)
	table, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatal("README.md has no place for the keys")
	}
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile("../README.md", []byte(head+from+keyTable()+to+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if table != keyTable() {
		t.Error("the table of keys in README.md is not this one; go test ./ui -update writes it")
	}
}
