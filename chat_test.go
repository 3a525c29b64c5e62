package main

import (
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
