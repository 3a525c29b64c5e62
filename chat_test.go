package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
)

// openChat starts the chat with the little model, which says a few words at a
// time.
func openChat(t *testing.T, env ...string) *terminal {
	t.Helper()
	model := refs.Model(t, "stories260K.gguf")
	env = append([]string{"RUNNEL_MODEL_DIRS=" + filepath.Dir(model), "RUNNEL_SEED=1", "RUNNEL_MAX_TOKENS=12"}, env...)
	term := newTerminal(t, env...)
	term.keys(program(t)+" stories260K; echo left $?", "Enter")
	term.until(`ready · .*stories260K`)
	return term
}

// ask sends a text and waits for the end of the answer.
func (term *terminal) ask(text string) {
	term.t.Helper()
	term.keys(text, "Enter")
	term.until(`(?s)❯ ` + text + `.*\(cut at max_tokens\).*ready`)
}

// TestVersionsInATerminal: an answer made again is one of two, and one key
// goes from one to the other, also in a later run.
func TestVersionsInATerminal(t *testing.T) {
	term := openChat(t)
	term.ask("Once upon a time")
	term.keys("C-g")
	term.until(`(?s)‹ 2/2 ›.*ready`)
	term.keys("Tab", "Left")
	term.until(`‹ 1/2 ›`)
	term.keys("Right")
	term.until(`‹ 2/2 ›`)
	term.keys("Left", "Escape")
	term.until(`(?s)‹ 1/2 ›.*Enter send`)
	term.keys("C-d")
	term.until(`left 0\n`)
	term.keys("clear; "+program(t)+" -c stories260K", "Enter")
	term.until(`(?s)Once upon a time.*‹ 1/2 ›`)
	term.keys("C-d")
}

// TestKeysInATerminal: what the configuration binds counts, and what it
// cannot bind is said before the screen is touched.
func TestKeysInATerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	configure := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure("[keys]\nhelp = \"F5\"\nquit-when-empty = \"q\"\n")
	term := openChat(t, "RUNNEL_CONFIG="+file)
	term.until(`F5 help`)
	term.keys("F5")
	term.until(`F5, /help`)
	term.keys("Escape")
	term.until(`Enter send`)
	term.keys("q")
	term.until(`left 0\n`)
	configure("seed = 1\n[keys]\nhelp = \"ctrl+s\"\n")
	term.keys("clear; "+program(t)+"; echo left $?", "Enter")
	term.until(`(?s)config.toml:3: keys.help:\s+ctrl\+s belongs to\s+sessions.*left 1`)
}
