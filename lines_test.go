package main

import (
	"strings"
	"testing"

	"github.com/runnel-chat/runnel/gguf/refs"
)

// TestLinesInATerminal is the chat for a screen reader, in a terminal that can
// do nothing: what was printed stands there line by line, and nothing is
// drawn.
func TestLinesInATerminal(t *testing.T) {
	term := newTerminal(t, "TERM=dumb", "RUNNEL_SEED=1", "RUNNEL_MAX_TOKENS=12")
	term.keys(program(t)+" "+refs.Model(t, "stories260K.gguf")+"; echo left $?", "Enter")
	term.until(`(?s)The model is .*tokens\.\n.*You:`)
	term.keys("Once upon a time", "Enter")
	term.until(`(?s)Assistant: .+Note: cut at max_tokens\.\nYou:`)
	term.keys("/stats", "Enter")
	got := term.until(`(?s)The answer has \d+ tokens,.*\nYou:`)
	if modes := term.modes(); strings.ContainsAny(got, "─│●❯·") || !strings.HasPrefix(modes, "alternate 0 cursor 1 mouse 0") {
		t.Errorf("modes %s, on\n%s", modes, got)
	}
	term.keys("C-c")
	term.until(`press Ctrl-C again to leave\.\nYou:`)
	term.keys("/quit", "Enter")
	term.until(`left 0\n`)
}
